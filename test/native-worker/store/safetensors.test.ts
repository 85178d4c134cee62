import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../contract/errors.ts';
import { MAX_HEADER_BYTES } from '../../../native-worker/store/safetensors-header.ts';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../../native-worker/store/safetensors.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edm2-tensors-'));
  file = path.join(folder, 'x.safetensors');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Writes a file from a header given as text or object, and data bytes. */
function forge(header: unknown, data: Uint8Array = new Uint8Array(), length?: bigint): void {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(length ?? BigInt(json.length));
  fs.writeFileSync(file, Buffer.concat([size, json, data]));
}

function readAll(): Record<string, unknown> {
  const opened = openSafetensors(file);
  try {
    return Object.fromEntries([...opened.tensors.keys()].map((name) => [name, opened.read(name)]));
  } finally {
    opened.close();
  }
}

function refused(what: string): void {
  expect(readAll, what).toThrow(expect.objectContaining({ name: 'AppError', code: 'corrupt-file' }));
}

const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const seeded = (count: number, seed: number) => Array.from({ length: count }, (_, i) => ((seed + i) * 2654435761) | 0);
const tensor: fc.Arbitrary<TensorToWrite> = fc
  .tuple(fc.constantFrom('F32', 'F16', 'U8', 'I32', 'I64'), fc.string({ unit: 'grapheme' }), shape, fc.integer())
  .map(([dtype, name, shape, seed]): TensorToWrite => {
    const numbers = seeded(
      shape.reduce((a, b) => a * b, 1),
      seed,
    );
    if (dtype === 'F32') return { name, dtype, shape, data: Float32Array.from(numbers) };
    if (dtype === 'F16') return { name, dtype, shape, data: Float32Array.from(numbers, (n) => n % 2048) };
    if (dtype === 'U8') return { name, dtype, shape, data: Uint8Array.from(numbers) };
    if (dtype === 'I32') return { name, dtype: 'I32', shape, data: Int32Array.from(numbers) };
    return { name, dtype: 'I64', shape, data: BigInt64Array.from(numbers, (n) => BigInt(n) * 4_000_000_007n) };
  });

describe('what is written', () => {
  test('is read back the same: any names, types, shapes and metadata', async () => {
    const tensors = fc.uniqueArray(tensor, { selector: ({ name }) => name, maxLength: 6 });
    const metadata = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), { maxKeys: 4 });
    await fc.assert(
      fc.asyncProperty(tensors, metadata, async (tensors, metadata) => {
        await writeSafetensors(file, tensors, metadata);
        const opened = openSafetensors(file);
        try {
          expect(Object.entries(opened.metadata).sort()).toEqual(Object.entries(metadata).sort());
          expect([...opened.tensors.keys()].sort()).toEqual(tensors.map(({ name }) => name).sort());
          for (const { name, dtype, shape, data } of tensors) {
            expect(opened.info(name)).toMatchObject({ dtype, shape });
            expect(opened.read(name)).toEqual(data);
          }
        } finally {
          opened.close();
        }
      }),
      { numRuns: 200 },
    );
  });

  test('is read back also under a name that means something to JavaScript', async () => {
    const one = { dtype: 'F32', shape: [], data: Float32Array.of(3) } as const;
    await writeSafetensors(file, [{ name: '__proto__', ...one }], Object.fromEntries([['__proto__', 'text']]));
    const opened = openSafetensors(file);
    expect(opened.read('__proto__')).toEqual(Float32Array.of(3));
    expect(Object.entries(opened.metadata)).toEqual([['__proto__', 'text']]);
    opened.close();
  });

  test('has the hash and size that it is said to have', async () => {
    const written = await writeSafetensors(
      file,
      [{ name: 'w', dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }],
      {
        a: 'b',
      },
    );
    const bytes = fs.readFileSync(file);
    expect(written).toEqual({ sha256: createHash('sha256').update(bytes).digest('hex'), sizeBytes: bytes.length });
  });

  test('starts every tensor at a multiple of its element size, so that PyTorch can map it', async () => {
    await writeSafetensors(file, [
      { name: 'bytes', dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) },
      { name: 'halves', dtype: 'F16', shape: [1], data: Float32Array.of(0.5) },
      { name: 'floats', dtype: 'F32', shape: [], data: Float32Array.of(3) },
      { name: 'longs', dtype: 'I64', shape: [1], data: BigInt64Array.of(-1n) },
    ]);
    const bytes = fs.readFileSync(file);
    expect(bytes.readBigUInt64LE() % 8n).toBe(0n);
    const opened = openSafetensors(file);
    expect(Object.fromEntries([...opened.tensors].map(([name, { begin }]) => [name, begin]))).toEqual({
      longs: 0,
      floats: 8,
      halves: 12,
      bytes: 14,
    });
    opened.close();
  });

  test('rounds F16 to the nearest half, ties to even, and keeps infinities and NaN', async () => {
    const data = Float32Array.of(1 / 3, 65504, 65520, -1e30, NaN, 2049, 2051, 5.9604645e-8, 1e-9);
    await writeSafetensors(file, [{ name: 'h', dtype: 'F16', shape: [9], data }]);
    expect(readAll().h).toEqual(
      Float32Array.of(0.333251953125, 65504, Infinity, -Infinity, NaN, 2048, 2052, 5.9604645e-8, 0),
    );
  });

  test('must fill its shape and have names of its own', async () => {
    const data = Float32Array.of(1, 2, 3);
    await expect(writeSafetensors(file, [{ name: 'w', dtype: 'F32', shape: [2], data }])).rejects.toThrow(
      /\[2\] was given 3/,
    );
    const twice: TensorToWrite = { name: 'w', dtype: 'F32', shape: [3], data };
    await expect(writeSafetensors(file, [twice, twice])).rejects.toThrow(/two entries/);
    await expect(writeSafetensors(file, [{ ...twice, name: '__metadata__' }])).rejects.toThrow(AppError);
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});

describe('what is read', () => {
  test('can be files that Python wrote', () => {
    const reference = new URL('../../reference/', import.meta.url).pathname;
    const files = fs.readdirSync(reference).filter((name) => name.endsWith('.safetensors'));
    expect(files.length).toBeGreaterThan(20);
    for (const name of files) {
      const opened = openSafetensors(path.join(reference, name));
      expect(opened.metadata.case).toBe(name.replace('.safetensors', ''));
      for (const tensor of opened.tensors.keys()) expect(opened.read(tensor).length).toBeGreaterThan(0);
      opened.close();
    }
  });

  test('can be a part of a tensor, and nothing beyond it', async () => {
    await writeSafetensors(file, [
      { name: 'a', dtype: 'U8', shape: [4], data: Uint8Array.of(1, 2, 3, 4) },
      { name: 'b', dtype: 'U8', shape: [2], data: Uint8Array.of(9, 9) },
    ]);
    const opened = openSafetensors(file);
    const into = new Uint8Array(2);
    opened.readBytes('a', 1, into);
    expect(into).toEqual(Uint8Array.of(2, 3));
    expect(() => opened.readBytes('a', 3, into)).toThrow(RangeError);
    expect(() => opened.readBytes('a', -1, into)).toThrow(RangeError);
    expect(() => opened.readAs('a', 'F32')).toThrow(/type U8 instead of F32/);
    expect(() => opened.read('c')).toThrow(/no tensor "c"/);
    opened.close();
  });

  test('can be a stretch of floats of either width as float32, and no other type', async () => {
    const data = Float32Array.of(0.5, -2, 3, 1024);
    await writeSafetensors(file, [
      { name: 'single', dtype: 'F32', shape: [2, 2], data },
      { name: 'half', dtype: 'F16', shape: [4], data },
      { name: 'bytes', dtype: 'U8', shape: [1], data: Uint8Array.of(7) },
    ]);
    const opened = openSafetensors(file);
    for (const name of ['single', 'half']) {
      expect(opened.readFloats(name, 0, 4)).toEqual(data);
      expect(opened.readFloats(name, 1, 2)).toEqual(Float32Array.of(-2, 3));
      expect(() => opened.readFloats(name, 3, 2)).toThrow(RangeError);
    }
    expect(() => opened.readFloats('bytes', 0, 1)).toThrow(expect.objectContaining({ code: 'corrupt-file' }));
    opened.close();
  });

  test('may be cut off after it was opened: that is noticed', async () => {
    await writeSafetensors(file, [{ name: 'a', dtype: 'U8', shape: [1000], data: new Uint8Array(1000) }]);
    const opened = openSafetensors(file);
    fs.truncateSync(file, 500);
    expect(() => opened.read('a')).toThrow(expect.objectContaining({ code: 'corrupt-file' }));
    opened.close();
  });

  test('that is not there is not-found; a folder is corrupt-file', () => {
    expect(() => openSafetensors(file)).toThrow(expect.objectContaining({ code: 'not-found' }));
    expect(() => openSafetensors(folder)).toThrow(expect.objectContaining({ code: 'corrupt-file' }));
  });
});

describe('hostile files are refused', () => {
  const f32 = (begin: unknown, end: unknown, shape: unknown = [1]) => ({
    dtype: 'F32',
    shape,
    data_offsets: [begin, end],
  });
  const data = new Uint8Array(8);

  test.each<[string, unknown, Uint8Array?]>([
    ['overlap', { a: f32(0, 4), b: f32(2, 6), c: f32(4, 8) }, data],
    ['twice the same bytes', { a: f32(0, 8, [2]), b: f32(0, 8, [2]) }, data],
    ['gap between tensors', { a: f32(0, 4), b: f32(8, 12) }, new Uint8Array(12)],
    ['gap before the first', { a: f32(4, 8) }, data],
    ['bytes behind the last', { a: f32(0, 4) }, data],
    ['data cut off', { a: f32(0, 40, [10]) }, data],
    ['negative place', { a: f32(-4, 0) }, data],
    ['place that is no whole number', { a: f32(0.5, 4.5) }, data],
    ['end before begin', { a: f32(8, 0, [2]) }, data],
    ['negative shape', { a: f32(0, 8, [-1, -2]) }, data],
    ['shape that overflows', { a: f32(0, 8, [2 ** 31, 2 ** 31, 2 ** 31]) }, data],
    ['shape that overflows to zero in 64 bits', { a: f32(0, 0, [2 ** 32, 2 ** 32]) }, new Uint8Array()],
    ['shape beyond safe integers', '{"a":{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,8]}}', data],
    ['infinite shape', '{"a":{"dtype":"U8","shape":[1e999],"data_offsets":[0,8]}}', data],
    ['shape as text', { a: f32(0, 8, '2') }, data],
    ['unknown type', { a: { dtype: 'F64', shape: [1], data_offsets: [0, 8] } }, data],
    ['type from the prototype', { a: { dtype: 'constructor', shape: [1], data_offsets: [0, 8] } }, data],
    ['three offsets', { a: { dtype: 'F32', shape: [2], data_offsets: [0, 8, 8] } }, data],
    ['unknown key', { a: { ...f32(0, 8, [2]), extra: 1 } }, data],
    ['no entry at all', {}, data],
    ['tensor that is null', { a: null }, new Uint8Array()],
    ['metadata with numbers', { __metadata__: { a: 1 } }],
    ['metadata that nests', { __metadata__: { a: { b: 'c' } } }],
    ['list', []],
    ['null', null],
    ['text', '"x"'],
    ['no JSON', '{"a":'],
    ['empty header', ''],
    ['deep nesting', '['.repeat(1_000_000)],
    ['byte order mark', '\ufeff{}'],
  ])('%s', (what, header, bytes) => {
    forge(header, bytes);
    refused(what);
  });

  test('a header that is no UTF-8', () => {
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(4n);
    fs.writeFileSync(file, Buffer.concat([size, Buffer.from([0x7b, 0xff, 0xfe, 0x7d])]));
    refused('UTF-8');
  });

  test.each([0n, 3n, 2n ** 63n, 2n ** 64n - 1n, BigInt(MAX_HEADER_BYTES) + 1n])('a header length of %s', (length) => {
    forge('{}', undefined, length);
    refused('length');
  });

  test('a header over the cap, before anything is allocated for it', () => {
    forge('{}', undefined, BigInt(MAX_HEADER_BYTES) + 1n);
    fs.truncateSync(file, MAX_HEADER_BYTES + 1000); // sparse: takes no space
    refused('cap');
  });

  test.each([0, 1, 7])('a file of %i bytes', (bytes) => {
    fs.writeFileSync(file, Buffer.alloc(bytes, 1));
    refused('short');
  });

  test('"__proto__" is a name like any other', () => {
    forge(
      '{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"__metadata__":{"__proto__":"x"}}',
      Uint8Array.of(7),
    );
    const opened = openSafetensors(file);
    expect(opened.read('__proto__')).toEqual(Uint8Array.of(7));
    expect(({} as { dtype?: string }).dtype).toBeUndefined();
    opened.close();
  });

  test('cutting a good file anywhere', async () => {
    await writeSafetensors(file, [{ name: 'a', dtype: 'F32', shape: [3], data: Float32Array.of(1, 2, 3) }], { k: 'v' });
    const whole = fs.readFileSync(file);
    for (let length = 0; length < whole.length; length++) {
      fs.writeFileSync(file, whole.subarray(0, length));
      refused(`cut at ${length}`);
    }
  });

  test('changing any bytes of a good file gives other numbers or corrupt-file, never a crash', async () => {
    await writeSafetensors(file, [
      { name: 'a', dtype: 'F32', shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
      { name: 'b', dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) },
    ]);
    const whole = fs.readFileSync(file);
    const edit = fc.record({ at: fc.nat(whole.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const bytes = Buffer.from(whole);
        for (const { at, to } of edits) bytes[at] = to;
        fs.writeFileSync(file, bytes);
        try {
          readAll();
        } catch (error) {
          expect(error).toMatchObject({ code: 'corrupt-file' });
        }
      }),
      { numRuns: 300 },
    );
  });

  test('any JSON as header gives tensors that fill the file, or corrupt-file', () => {
    const entry = fc.record({
      dtype: fc.constantFrom('F32', 'U8', 'I64', 'BF16'),
      shape: fc.array(fc.oneof(fc.nat(4), fc.integer(), fc.double()), { maxLength: 3 }),
      data_offsets: fc.array(fc.oneof(fc.nat(16), fc.integer(), fc.double()), { maxLength: 3 }),
    });
    const header = fc.oneof(fc.json(), fc.dictionary(fc.string(), fc.oneof(entry, fc.jsonValue()), { maxKeys: 4 }));
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 16 }), (header, data) => {
        forge(header, data);
        try {
          const sizes = Object.values(readAll()).map((array) => (array as Uint8Array).byteLength);
          expect(sizes.reduce((a, b) => a + b, 0)).toBe(data.length);
        } catch (error) {
          expect(error).toMatchObject({ code: 'corrupt-file' });
        }
      }),
      { numRuns: 300 },
    );
  });
});
