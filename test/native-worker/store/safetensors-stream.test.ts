import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openSafetensors, writeSafetensors } from '../../../native-worker/store/safetensors.ts';
import { SafetensorsStream } from '../../../native-worker/store/safetensors-stream.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-stream-'));
  file = join(folder, 'a.safetensors');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const tensors = [
  { name: 'b', shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  { name: 'a', shape: [], data: Float32Array.of(-0.5) },
  { name: 'none', shape: [0, 4], data: new Float32Array(0) },
];

test('a file that was written tensor by tensor is the one that is written at once, to the last bit', async () => {
  const stream = new SafetensorsStream(file, tensors, { about: 'it' });
  for (const { name, data } of tensors) stream.write(name, data);
  const written = stream.finish();
  const other = join(folder, 'b.safetensors');
  const atOnce = await writeSafetensors(
    other,
    tensors.map((tensor) => ({ ...tensor, dtype: 'F32' as const })),
    { about: 'it' },
  );
  expect(written).toEqual(atOnce);
  expect(readFileSync(file)).toEqual(readFileSync(other));
});

test('a view into a larger array is written as what it shows', () => {
  const data = new Float32Array([9, 1, 2, 9]).subarray(1, 3);
  const stream = new SafetensorsStream(file, [{ name: 'x', shape: [2] }], {});
  stream.write('x', data);
  stream.finish();
  const opened = openSafetensors(file);
  expect([...opened.readAs('x', 'F32')]).toEqual([1, 2]);
  opened.close();
});

test('tensors come in their order, whole, all of them, and once', () => {
  const stream = new SafetensorsStream(file, tensors, {});
  expect(() => stream.write('a', tensors[1]!.data)).toThrow('not the one that comes next');
  expect(() => stream.write('b', new Float32Array(5))).toThrow('not the one that comes next');
  stream.write('b', tensors[0]!.data);
  expect(() => stream.write('b', tensors[0]!.data)).toThrow('not the one that comes next');
  expect(() => stream.finish()).toThrow('"a" was not written');
  stream.close();
  stream.close(); // as often as one likes
});

test('a file that is there already is not touched', () => {
  fs.writeFileSync(file, 'precious');
  expect(() => new SafetensorsStream(file, tensors, {})).toThrow('EEXIST');
  expect(readFileSync(file, 'utf8')).toBe('precious');
});

test.runIf(existsSync('/dev/full'))('a full disk is said in a sentence', () => {
  const open = openSync;
  vi.spyOn(fs, 'openSync').mockImplementation(() => open('/dev/full', 'w'));
  expect(() => new SafetensorsStream(file, tensors, {})).toThrow(
    expect.objectContaining({ code: 'no-space', message: expect.stringContaining('a.safetensors') as string }),
  );
});
