import { decode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import type { PackedDataset } from '../../../native-worker/data/dataset-file.ts';
import { drawMosaic, mosaicIndices } from '../../../native-worker/data/mosaic.ts';
import { encodePicture, encodeSheet, withText } from '../../../native-worker/data/png.ts';

/** Pictures of 2×2 pixels; every byte is another. */
function pictures(count: number, channels: number): Uint8Array {
  return Uint8Array.from({ length: count * 4 * channels }, (_, i) => (i * 7) % 256);
}

function pixel(png: Buffer, x: number, y: number): number[] {
  const { width, channels, data } = decode(png);
  return [...data.slice((y * width + x) * channels, (y * width + x + 1) * channels)];
}

describe('a sheet', () => {
  test('holds the pictures row by row, pixel for pixel', async () => {
    const pixels = pictures(5, 3);
    const png = await encodeSheet({ pixels, resolution: 2, channels: 3 }, { columns: 3 });
    expect(decode(png)).toMatchObject({ width: 6, height: 4, channels: 3, depth: 8 });
    for (let picture = 0; picture < 5; picture++) {
      for (let i = 0; i < 4; i++) {
        const x = (picture % 3) * 2 + (i % 2);
        const y = Math.floor(picture / 3) * 2 + Math.floor(i / 2);
        const from = (picture * 4 + i) * 3;
        expect(pixel(png, x, y)).toEqual([...pixels.subarray(from, from + 3)]);
      }
    }
    expect(pixel(png, 5, 3)).toEqual([255, 255, 255]); // the empty sixth place
  });

  test('has gaps between pictures and none around them, in the colour wanted', async () => {
    const sheet = { pixels: pictures(4, 3), resolution: 2, channels: 3 };
    const png = await encodeSheet(sheet, { columns: 2, gap: 3, background: [1, 2, 3] });
    expect(decode(png)).toMatchObject({ width: 7, height: 7 });
    expect([pixel(png, 2, 0), pixel(png, 4, 6), pixel(png, 3, 3)]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(pixel(png, 5, 5)).toEqual([...sheet.pixels.subarray(36, 39)]);
  });

  test('can be transparent between pictures', async () => {
    const sheet = { pixels: pictures(2, 3), resolution: 2, channels: 3 };
    const png = await encodeSheet(sheet, { columns: 2, gap: 1, background: 'none' });
    expect(pixel(png, 2, 0)[3]).toBe(0);
    expect(pixel(png, 0, 0)).toEqual([0, 7, 14, 255]);
  });

  test('is no wider than its pictures', async () => {
    const png = await encodeSheet({ pixels: pictures(2, 3), resolution: 2, channels: 3 }, { columns: 8 });
    expect(decode(png)).toMatchObject({ width: 4, height: 2 });
  });

  test('shows one channel as grey', async () => {
    const png = await encodePicture({ pixels: Uint8Array.of(5, 6, 7, 8), resolution: 2, channels: 1 });
    expect([pixel(png, 0, 0), pixel(png, 1, 1)]).toEqual([
      [5, 5, 5],
      [8, 8, 8],
    ]);
  });

  test('of half a picture is a mistake of the caller', async () => {
    await expect(
      encodeSheet({ pixels: new Uint8Array(13), resolution: 2, channels: 3 }, { columns: 1 }),
    ).rejects.toThrow(RangeError);
    await expect(encodeSheet({ pixels: new Uint8Array(), resolution: 2, channels: 3 }, { columns: 1 })).rejects.toThrow(
      RangeError,
    );
  });
});

describe('a mosaic', () => {
  test('lets classes take turns, and small ones run out', () => {
    const labels = Int32Array.from([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 2]);
    const shown = mosaicIndices(labels, 3, 7);
    expect(shown.map((index) => labels[index])).toEqual([0, 1, 2, 0, 2, 0, 0]);
    expect(new Set(shown).size).toBe(7);
  });

  test('spreads over a set without classes', () => {
    expect(mosaicIndices(new Int32Array(1000).fill(-1), 0, 4)).toEqual([125, 375, 625, 875]);
  });

  test('shows all there is when that is little, each once', () => {
    expect(mosaicIndices(Int32Array.from([0, 1, 1]), 2, 32).sort()).toEqual([0, 1, 2]);
    expect(mosaicIndices(Int32Array.from([-1]), 0, 32)).toEqual([0]);
  });

  test('with more classes than places shows the first ones', () => {
    const labels = Int32Array.from({ length: 100 }, (_, i) => i);
    expect(mosaicIndices(labels, 100, 32)).toEqual(Array.from({ length: 32 }, (_, i) => i));
  });

  test('is eight pictures wide and four high', async () => {
    const set = {
      labels: new Int32Array(40).fill(-1),
      classes: [] as string[],
      resolution: 2,
      channels: 3,
      readPictures: (_indices: ArrayLike<number>, into: Uint8Array) => void into.fill(9),
    } as unknown as PackedDataset;
    expect(decode(await drawMosaic(set))).toMatchObject({ width: 8 * 4 - 2, height: 4 * 4 - 2 });
  });
});

test('a text in a PNG is read back by its keyword, and the picture stays what it is', async () => {
  const pixels = Uint8Array.from({ length: 2 * 4 * 4 * 3 }, (_, at) => at);
  const plain = await encodeSheet({ pixels, resolution: 4, channels: 3 }, { columns: 2 });
  const told = withText(plain, 'edm2-studio', '{"run":3}');
  const { data, text } = decode(told, { checkCrc: true });
  expect(text).toEqual({ 'edm2-studio': '{"run":3}' });
  expect(data).toEqual(decode(plain).data);
});
