import { expect, test } from 'vitest';
import {
  paintCurve,
  reachOf,
  rowsOf,
  type CurveImage,
  type Stroke,
} from '../../../../renderer/lib/charts/curve-raster.ts';

const WIDTH = 100;
const HEIGHT = 50;

function stroke(points: readonly (readonly [number, number])[], look: Partial<Stroke> = {}): Stroke {
  return {
    xs: Float64Array.from(points, ([x]) => x),
    ys: Float64Array.from(points, ([, y]) => y),
    ...{ color: [200, 100, 50], alpha: 1, width: 2, dash: [] },
    ...look,
  };
}

/** A pixel is one of x and one of y. */
function image(strokes: readonly Stroke[], x = { from: 0, to: WIDTH }): CurveImage {
  const pixels = new Uint32Array(WIDTH * HEIGHT);
  const made = { width: WIDTH, height: HEIGHT, x, y: { from: 0, to: HEIGHT }, pixels };
  for (const one of strokes) paintCurve(made, one, 1);
  return made;
}

/** Shares of a column that are covered, from the highest y down. */
function column({ pixels }: CurveImage, at: number): number[] {
  return Array.from(pixels.subarray(at * HEIGHT, (at + 1) * HEIGHT), (pixel) => (pixel >>> 24) / 255);
}
const covered = (made: CurveImage, at: number): number => column(made, at).reduce((sum, part) => sum + part, 0);

test('a line is as thick as asked for, along an axis and across it, and softens at its edges', () => {
  const parts = column(
    image([
      stroke([
        [0, 20.5],
        [100, 20.5],
      ]),
    ]),
    40,
  ).slice(27, 32);
  expect(parts.map((part) => Math.round(part * 10))).toEqual([0, 5, 10, 5, 0]);
  const steep = image([
    stroke([
      [0, 0],
      [50, 50],
    ]),
  ]);
  expect(covered(steep, 25)).toBeCloseTo(2 * Math.SQRT2, 1);
});

test('however many points share a pixel, the highest and the lowest of them are seen', () => {
  const points = Array.from({ length: 100_000 }, (_, index): [number, number] => [index / 1000, 10]);
  points[43_210] = [43.21, 45];
  points[77_777] = [77.777, 1];
  const made = image([stroke(points)]);
  expect(column(made, 43)[HEIGHT - 45]).toBe(1);
  expect(column(made, 77)[HEIGHT - 2]).toBe(1);
  expect(covered(made, 60)).toBeCloseTo(2, 1);
});

test('of a long line only what is seen is painted, from edge to edge', () => {
  const made = image(
    [
      stroke([
        [-1000, -1000],
        [1000, 1000],
      ]),
    ],
    { from: 10, to: 30 },
  );
  expect([covered(made, 0) > 0, covered(made, WIDTH - 1) > 0]).toEqual([true, true]);
  expect(column(made, 50)[HEIGHT - 20]).toBeGreaterThan(0.9); // x is 20 there
  expect(
    image([
      stroke([
        [200, 1],
        [300, 1],
      ]),
    ]).pixels.some((pixel) => pixel !== 0),
  ).toBe(false);
});

test('where nothing was measured nothing is painted', () => {
  const made = image([
    stroke([
      [0, 20],
      [30, 20],
      [40, Number.NaN],
      [60, 20],
      [100, 20],
    ]),
  ]);
  expect([20, 45, 80].map((at) => covered(made, at) > 0)).toEqual([true, false, true]);
});

test('a curve of one moment is a dot', () => {
  const made = image([stroke([[40.5, 20]])]);
  expect([36, 40, 45].map((at) => covered(made, at) > 0)).toEqual([false, true, false]);
  expect(covered(made, 40)).toBeGreaterThan(4);
});

test('dashes belong to places on x, so that they move along', () => {
  const dashed = stroke(
    [
      [0, 20],
      [1000, 20],
    ],
    { dash: [5, 3] },
  );
  const seen = (from: number): boolean[] => {
    const made = image([dashed], { from, to: from + WIDTH });
    return Array.from({ length: 20 }, (_, at) => covered(made, at) > 0);
  };
  expect(seen(0).slice(0, 9)).toEqual([true, true, true, true, true, false, false, false, true]);
  expect(seen(3).slice(0, 17)).toEqual(seen(0).slice(3));
});

test('faint curves add up, and one that is not faint covers them', () => {
  const flat: [number, number][] = [
    [0, 20],
    [100, 20],
  ];
  const faint = stroke(flat, { alpha: 0.25 });
  const row = HEIGHT - 20;
  const [once, twice] = [image([faint]), image([faint, faint])].map((made) => column(made, 50)[row]!);
  expect(once).toBeCloseTo(0.25, 2);
  expect(twice).toBeCloseTo(1 - 0.75 ** 2, 1);
  const made = image([...Array.from({ length: 60 }, () => faint), stroke(flat, { color: [1, 2, 3] })]);
  expect(made.pixels[50 * HEIGHT + row]).toBe((1 | (2 << 8) | (3 << 16) | (255 << 24)) >>> 0);
});

test('a canvas is given rows of colours that are not darkened by alpha', () => {
  const made = image([
    stroke(
      [
        [0, 20],
        [100, 20],
      ],
      { alpha: 0.25 },
    ),
  ]);
  const data = new Uint8ClampedArray(WIDTH * HEIGHT * 4);
  expect([...rowsOf(made, data)]).toHaveLength(1);
  const at = ((HEIGHT - 20) * WIDTH + 50) * 4;
  const [red, green, blue, alpha] = data.subarray(at, at + 4);
  expect(alpha).toBe(63);
  for (const [value, wanted] of [
    [red!, 200],
    [green!, 100],
    [blue!, 50],
  ] as const)
    expect(Math.abs(value - wanted)).toBeLessThanOrEqual(4);
  expect(data[0]).toBe(0);
});

test('axes reach over what is seen', () => {
  const curves = [
    stroke([
      [0, 90],
      [10, 4],
      [20, Number.NaN],
      [30, 7],
      [40, 80],
    ]),
  ];
  expect(reachOf(curves, { from: 5, to: 35 })).toEqual({ min: 4, max: 7 });
  expect(reachOf(curves, { from: 15, to: 25 })).toBeNull();
});
