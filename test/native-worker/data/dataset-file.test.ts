import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { describeDataset, openDataset } from '../../../native-worker/data/dataset-file.ts';
import { packDataset } from '../../../native-worker/data/pack.ts';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../../native-worker/store/safetensors.ts';

let folder = '';
let file = '';
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edm2-dataset-'));
  file = path.join(folder, 'pictures.safetensors');
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const description = { name: 'Set "1"', source: 'Folder é', attribution: 'me', classes: ['a', 'b\n"c"'] };
const plan = { resolution: 4, channels: 3, capacity: 100, description };

/** Packs pictures of one value each. */
async function pack(values: number[], labels: number[], classes = description.classes): Promise<void> {
  await packDataset(file, plan, async (append) => {
    for (const value of values) await append(new Uint8Array(48).fill(value));
    return { description: { ...description, classes }, labels: Int32Array.from(labels) };
  });
}

describe('a packed dataset', () => {
  test('has what was packed, and can be read in any order', async () => {
    await pack([10, 20, 30], [1, 0, 1]);
    const set = openDataset(file);
    expect(set).toMatchObject({ count: 3, resolution: 4, channels: 3, ...description, classCounts: [1, 2] });
    expect([...set.labels]).toEqual([1, 0, 1]);
    const pixels = new Uint8Array(3 * 48);
    set.readPictures([2, 0, 2], pixels);
    expect([pixels[0], pixels[47], pixels[48], pixels[96], pixels[143]]).toEqual([30, 30, 10, 30, 30]);
    expect(() => set.readPictures([3], pixels)).toThrow(RangeError);
    expect(() => set.readPictures([-1], pixels)).toThrow(RangeError);
    expect(() => set.readPictures([0, 1, 2, 0], pixels)).toThrow(RangeError);
    set.close();
  });

  test('is a tensor file like others, with labels that Python can map', async () => {
    await pack([1, 2, 3], [0, 1, 0]);
    const tensors = openSafetensors(file);
    expect(tensors.info('images')).toMatchObject({ dtype: 'U8', shape: [3, 4, 4, 3], begin: 0 });
    expect(tensors.info('labels')).toMatchObject({ dtype: 'I32', shape: [3] });
    expect(tensors.info('labels').begin % 4).toBe(0);
    expect(tensors.metadata).toMatchObject({ format: 'edm2-dataset/1', classes: JSON.stringify(description.classes) });
    tensors.close();
  });

  test('knows the standard deviation of its pixels on the scale of sigma_data', async () => {
    await pack([0, 255], [0, 1]);
    expect((await describeDataset(file)).pixelStd).toBeCloseTo(1, 12); // half at −1, half at 1
    await pack([77], [0]);
    expect((await describeDataset(file)).pixelStd).toBe(0);
    const values = [3, 141, 59, 26, 253];
    await pack(
      values,
      values.map(() => 0),
    );
    const scaled = values.map((v) => v / 127.5 - 1);
    const mean = scaled.reduce((a, b) => a + b) / 5;
    const expected = Math.sqrt(scaled.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 5);
    expect((await describeDataset(file)).pixelStd).toBeCloseTo(expected, 12);
  });

  test('is described with its hash and size', async () => {
    await pack([1], [0]);
    const bytes = fs.readFileSync(file);
    expect(await describeDataset(file)).toMatchObject({
      sha256: createHash('sha256').update(bytes).digest('hex'),
      sizeBytes: bytes.length,
      classCounts: [1, 0],
    });
  });

  test('may be larger than what is collected before writing', async () => {
    const big = { ...plan, resolution: 256, capacity: 60 };
    await packDataset(file, big, async (append) => {
      for (let i = 0; i < 60; i++) await append(new Uint8Array(256 * 256 * 3).fill(i));
      return { description, labels: new Int32Array(60) };
    });
    const set = openDataset(file);
    const pixels = new Uint8Array(256 * 256 * 3);
    for (const index of [0, 21, 22, 59]) {
      set.readPictures([index], pixels);
      expect(new Set(pixels)).toEqual(new Set([index]));
    }
    set.close();
  });

  test('leaves nothing behind when packing breaks off', async () => {
    const broken = packDataset(file, plan, async (append) => {
      await append(new Uint8Array(48));
      throw new Error('enough');
    });
    await expect(broken).rejects.toThrow('enough');
    expect(fs.readdirSync(folder)).toEqual([]);
  });
});

describe('a tensor file that is no packed dataset is refused', () => {
  const metadata = {
    format: 'edm2-dataset/1',
    name: 'x',
    source: 'y',
    attribution: '',
    classes: '["a","b"]',
    pixel_std: '0.5',
  };
  const images: TensorToWrite = { name: 'images', dtype: 'U8', shape: [2, 4, 4, 3], data: new Uint8Array(96) };
  const labels: TensorToWrite = { name: 'labels', dtype: 'I32', shape: [2], data: Int32Array.of(0, 1) };

  async function refused(tensors: TensorToWrite[], meta: Record<string, string> = metadata): Promise<void> {
    await writeSafetensors(file, tensors, meta);
    expect(() => openDataset(file).close()).toThrow(expect.objectContaining({ code: 'corrupt-file' }));
  }

  test('but the whole one is not', async () => {
    await writeSafetensors(file, [images, labels], metadata);
    openDataset(file).close();
  });

  test.each<[string, Partial<typeof metadata>]>([
    ['another format', { format: 'edm2-dataset/2' }],
    ['classes that are no JSON', { classes: '[' }],
    ['classes that are no texts', { classes: '[1]' }],
    ['a spread that is no number', { pixel_std: 'wide' }],
    ['a spread below zero', { pixel_std: '-1' }],
  ])('%s', (_what, change) => refused([images, labels], { ...metadata, ...change }));

  test.each<[string, TensorToWrite[]]>([
    ['no labels', [images]],
    ['no pictures', [labels]],
    ['labels of another type', [images, { name: 'labels', dtype: 'F32', shape: [2], data: Float32Array.of(0, 1) }]],
    ['too few labels', [images, { ...labels, shape: [1], data: Int32Array.of(0) }]],
    ['a label beyond the classes', [images, { ...labels, data: Int32Array.of(0, 2) }]],
    ['a label below zero though there are classes', [images, { ...labels, data: Int32Array.of(0, -1) }]],
    ['pictures that are not square', [{ ...images, shape: [2, 8, 2, 3] }, labels]],
    ['pictures of another rank', [{ ...images, shape: [2, 48] }, labels]],
    [
      'pictures of another type',
      [{ name: 'images', dtype: 'F32', shape: [2, 4, 4, 3], data: new Float32Array(96) }, labels],
    ],
    [
      'no picture at all',
      [
        { name: 'images', dtype: 'U8', shape: [0, 4, 4, 3], data: new Uint8Array() },
        { name: 'labels', dtype: 'I32', shape: [0], data: new Int32Array() },
      ],
    ],
  ])('%s', (_what, tensors) => refused(tensors));

  test('any damage to the header is corrupt-file or harmless', async () => {
    await pack([1, 2], [0, 1]);
    const whole = fs.readFileSync(file);
    const edit = fc.record({ at: fc.nat(600), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        const bytes = Buffer.from(whole);
        for (const { at, to } of edits) bytes[at] = to;
        fs.writeFileSync(file, bytes);
        try {
          openDataset(file).close();
        } catch (error) {
          expect(error).toMatchObject({ code: 'corrupt-file' });
        }
      }),
      { numRuns: 300 },
    );
  });
});
