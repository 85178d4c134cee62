import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { placeInRuntime, placeOfHeader } from '../../../../native-worker/engine/runtime/layout.ts';
import { listZip, unzipEntry } from '../../../../native-worker/engine/runtime/zip.ts';
import { makeWheel } from '../../../support/wheels.ts';

const folder = mkdtempSync(join(tmpdir(), 'edm2-zip-'));
const files = { 'a/large.txt': 'x1y2'.repeat(1_000_000), 'a/small.txt': 'small', 'a/empty.txt': '' };
let wheel: string;
beforeAll(() => {
  wheel = join(folder, makeWheel(folder, 'thing', '1.0', files).split(' ')[3]!);
});
afterAll(() => rmSync(folder, { recursive: true }));

test("what Python's zipfile packed comes out byte for byte, with its hash", async () => {
  const archive = await open(wheel);
  try {
    const entries = await listZip(archive);
    for (const [name, text] of Object.entries(files)) {
      const entry = entries.find((one) => one.name === name)!;
      const target = join(folder, 'out');
      expect(await unzipEntry(archive, entry, target)).toBe(createHash('sha256').update(text).digest('hex'));
      expect(readFileSync(target, 'utf8')).toBe(text);
    }
  } finally {
    await archive.close();
  }
});

test.each([0, 0.01, 0.5, 0.99])('an archive cut to %f of its length is refused', async (share) => {
  const cut = join(folder, 'cut.whl');
  writeFileSync(cut, readFileSync(wheel));
  truncateSync(cut, Math.floor(share * statSync(wheel).size));
  const archive = await open(cut);
  try {
    await expect(listZip(archive)).rejects.toMatchObject({ code: 'corrupt-file' });
  } finally {
    await archive.close();
  }
});

test('a full disk comes through as ENOSPC', async () => {
  const archive = await open(wheel);
  try {
    for (const entry of (await listZip(archive)).filter((one) => one.bytes > 0 && one.name.startsWith('a/'))) {
      await expect(unzipEntry(archive, entry, '/dev/full')).rejects.toMatchObject({ code: 'ENOSPC' });
    }
  } finally {
    await archive.close();
  }
});

test.each([
  'nvidia/cublas/lib/../../../../etc/libx.so',
  '../lib/libx.so',
  '/nvidia/cublas/lib/libx.so',
  'nvidia/cublas/lib/x.so/y',
  'tensorflow/libother.so',
])('a wheel can not place a file by the name %s', (name) => {
  expect(placeInRuntime(name, 'linux')).toBeNull();
});

test('headers keep their folders, but never leave theirs', () => {
  expect(placeOfHeader('tensorflow/include/tensorflow/c/c_api.h')).toBe('tensorflow/c/c_api.h');
  expect(placeOfHeader('tensorflow/include/../../x.h')).toBeNull();
  expect(placeOfHeader('tensorflow/python/x.h')).toBeNull();
});
