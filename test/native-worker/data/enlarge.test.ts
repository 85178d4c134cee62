import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { enlarge } from '../../../native-worker/data/enlarge.ts';
import { decodePicture } from '../../../native-worker/data/picture.ts';

/** Red values of a square picture, by row and column. */
function plane(pixels: Uint8Array): number[][] {
  const side = Math.sqrt(pixels.length / 3);
  return Array.from({ length: side }, (_, y) => Array.from({ length: side }, (_, x) => pixels[(y * side + x) * 3]!));
}

/** Mean place of the brightness, x and y; pixels' centres are at whole numbers. */
function centre(rows: number[][]): [number, number] {
  let sum = 0;
  let sumX = 0;
  let sumY = 0;
  rows.forEach((row, y) =>
    row.forEach((value, x) => {
      sum += value;
      sumX += value * x;
      sumY += value * y;
    }),
  );
  return [sumX / sum, sumY / sum];
}

/** A black PNG with one white pixel. */
function dot(width: number, height: number, x: number, y: number): Promise<Buffer> {
  const pixels = new Uint8Array(width * height * 3);
  pixels.fill(255, (y * width + x) * 3, (y * width + x) * 3 + 3);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

describe('an enlarged picture lies where the small one lay', () => {
  // What the kernel would make darker than black is cut off, and unless the sizes divide it is not the same on both sides.
  const CUT_OFF = 0.1;

  test.each([
    [16, 64],
    [32, 64],
    [50, 64],
    [63, 64],
    [33, 128],
    [100, 256],
  ])('a dot of %i pixels on %i', async (side, resolution) => {
    const p = side / 2 - (side % 2) / 2;
    const [x, y] = centre(plane(await decodePicture(await dot(side, side, p, p), resolution)));
    const expected = ((p + 0.5) * resolution) / side - 0.5;
    expect(Math.abs(x - expected)).toBeLessThan(CUT_OFF);
    expect(Math.abs(y - expected)).toBeLessThan(CUT_OFF);
  });

  test('also in pictures that are wide or high', async () => {
    // 24×16 and 16×24: the square in the midst begins 4 pixels in.
    for (const [width, height] of [
      [24, 16],
      [16, 24],
    ] as const) {
      const pixels = await decodePicture(await dot(width, height, width / 2, height / 2), 64);
      expect(centre(plane(pixels)).map((value) => value.toFixed(3))).toEqual(['33.500', '33.500']);
    }
  });

  test('whatever is symmetric stays so, along both axes', () => {
    const sizes = fc
      .integer({ min: 1, max: 40 })
      .chain((from) => fc.tuple(fc.constant(from), fc.integer({ min: from, max: 70 })));
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.nat(255)), ([from, to], values) => {
        const pixels = new Uint8Array(from * from);
        for (let y = 0; 2 * y < from; y++) {
          for (let x = 0; 2 * x < from; x++) {
            const value = Number(values.next().value);
            for (const row of [y, from - 1 - y])
              for (const column of [x, from - 1 - x]) pixels[row * from + column] = value;
          }
        }
        const large = enlarge(pixels, from, to, 1);
        for (let y = 0; y < to; y++) {
          for (let x = 0; x < to; x++) {
            // Sums of the same terms in another order: half a step may round up or down.
            expect(Math.abs(large[y * to + x]! - large[y * to + to - 1 - x]!)).toBeLessThanOrEqual(1);
            expect(Math.abs(large[y * to + x]! - large[(to - 1 - y) * to + x]!)).toBeLessThanOrEqual(1);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test('one colour stays one colour, and its own size gives the picture back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 0, max: 40 }),
        fc.nat(255),
        (from, more, value) => {
          const even = enlarge(new Uint8Array(from * from * 3).fill(value), from, from + more, 3);
          expect(new Set(even)).toEqual(new Set([value]));
          const noise = Uint8Array.from({ length: from * from * 3 }, (_, i) => (i * 7919 + value) % 256);
          expect(enlarge(noise, from, from, 3)).toEqual(noise);
        },
      ),
    );
  });
});

test.each([65, 100, 128, 200, 257, 400, 1000])(
  'a picture of %i pixels that is made small lies where it lay',
  async (side) => {
    const sigma = side / 12;
    const pixels = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
      const x = Math.floor(i / 3) % side;
      const y = Math.floor(i / 3 / side);
      return 255 * Math.exp(-((x - side * 0.3) ** 2 + (y - side * 0.6) ** 2) / (2 * sigma ** 2));
    });
    const encoded = await sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
      .png()
      .toBuffer();
    const [x, y] = centre(plane(await decodePicture(encoded, 64)));
    // Of a pixel: rounding to 8 bits.
    expect(x).toBeCloseTo(((side * 0.3 + 0.5) * 64) / side - 0.5, 1);
    expect(y).toBeCloseTo(((side * 0.6 + 0.5) * 64) / side - 0.5, 1);
  },
);
