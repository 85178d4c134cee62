import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectToService } from '../../../native-worker/service/connect.ts';
import { makeFolder, unusableLibrary } from '../../../native-worker/service/library-folder.ts';
import { takeLibrary } from '../../../native-worker/service/ownership.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-library-folder-'));
  writeFileSync(join(folder, 'file'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a folder is made with those above it, and made again without complaint', () => {
  const deep = join(folder, 'a', 'b', 'c');
  makeFolder(deep);
  makeFolder(deep);
  expect(statSync(deep).isDirectory()).toBe(true);
});

describe('a library that is a file, lies below one, or in /proc', () => {
  const places = process.platform === 'linux' ? ['file', 'file/below', '/dev/null/x', '/proc/none/x'] : ['file'];
  const path = (place: string): string => (place.startsWith('/') ? place : join(folder, place));

  test.each(places)('is named to who connects, with what to do: %s', async (place) => {
    await expect(connectToService(path(place))).rejects.toMatchObject({
      code: 'forbidden',
      message: `The library folder ${path(place)} can't be written. Choose another one with --library.`,
    });
  });

  test.each(places)('is not taken by a service: %s', (place) => {
    expect(() => takeLibrary(path(place))).toThrow(expect.objectContaining({ code: 'forbidden' }));
  });
});

test('a full disk is told from a folder that may not be written', () => {
  const full = Object.assign(new Error('write'), { code: 'ENOSPC' });
  expect(unusableLibrary(folder, full)).toMatchObject({ code: 'no-space' });
});
