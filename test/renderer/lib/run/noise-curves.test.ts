import { expect, test } from 'vitest';
import type { DynamicsKind } from '../../../../contract/dynamics.ts';
import type { DynamicsTable } from '../../../../contract/dynamics-table.ts';
import { SIGMA_BINS, sigmaBinNames } from '../../../../contract/noise-levels.ts';
import { sequentialScale } from '../../../../renderer/lib/charts/color-map.ts';
import { stepsOf } from '../../../../renderer/lib/charts/series.ts';
import {
  densityCurve,
  fallWords,
  paintLevels,
  sampledSteps,
  steadied,
  type Tables,
  usualRange,
} from '../../../../renderer/lib/run/noise-curves.ts';

const drawn = { id: 'a', label: 'a', token: '--run-1', dash: [] };

function table(kind: DynamicsKind, layers: readonly string[], values: (number | null)[][]): DynamicsTable {
  return { kind, layers: [...layers], nimg: values[0]!.map((_, index) => (index + 1) * 1000), values };
}

test('a density adds up to all images, bin by bin', () => {
  const { xs, ys } = densityCurve({ pMean: -0.8, pStd: 1.2 }, drawn);
  const middles = ys.filter((_, point) => point % ((xs.length - 1) / (SIGMA_BINS - 1)) === 0);
  expect(middles).toHaveLength(SIGMA_BINS);
  expect(middles.reduce<number>((sum, y) => sum + (y ?? 0), 0)).toBeCloseTo(100, 0); // its tails beyond the bins: 0.01 %
});

test('what was drawn is counted up to the clock', () => {
  const counts = table(
    'noise-count',
    ['0.1', '1'],
    [
      [30, 0],
      [10, 60],
    ],
  );
  expect(sampledSteps({ 'noise-count': counts }, 0, drawn).ys).toEqual([75, 25]);
  expect(sampledSteps({ 'noise-count': counts }, 1, drawn).ys).toEqual([30, 70]);
  expect(sampledSteps({}, 1, drawn).ys).toEqual([]);
});

test('a moment of few images is told with those before it, one of many alone', () => {
  const few = table('noise-count', ['1'], [[10, 20, 25, 0]]);
  const error = table('noise-error', ['1'], [[4, 1, 2, null]]);
  expect(steadied(error, few)).toEqual([[4, 2, (2 * 25 + 20 + 40) / 55, (2 * 25 + 20 + 40) / 55]]);
  expect(steadied(error, table('noise-count', ['1'], [[100, 100, 100, 0]]))).toEqual([[4, 1, 2, 2]]);
  const late = table('noise-error', ['1'], [[1, ...Array<null>(10).fill(null)]]);
  expect(steadied(late, table('noise-count', ['1'], [[9, ...Array<number>(10).fill(0)]]))[0]!.at(-1)).toBeNull();
});

test('it is said where the error fell, how much, and where it did not', () => {
  const moments = 40;
  const lines = (fall: (bin: number) => number): Tables => ({
    'noise-count': table(
      'noise-count',
      sigmaBinNames,
      sigmaBinNames.map(() => Array<number>(moments).fill(20)),
    ),
    'noise-error': table(
      'noise-error',
      sigmaBinNames,
      sigmaBinNames.map((_, bin) => Array.from({ length: moments }, (__, moment) => (moment < 20 ? 1 : 1 - fall(bin)))),
    ),
  });
  expect(
    fallWords(
      lines((bin) => (bin === 12 ? 0.4 : bin === 13 || bin === 20 ? 0.1 : 0)),
      19,
      39,
    ),
  ).toBe(
    'From 20.0 kimg to 40.0 kimg the error fell most at σ 0.499, by 40 %, and by 5 % or more from σ 0.499 to 0.776.',
  );
  expect(
    fallWords(
      lines((bin) => (bin === 12 ? 0.4 : 0)),
      19,
      39,
    ),
  ).toMatch(/fell most at σ 0\.499, by 40 %\.$/);
  expect(
    fallWords(
      lines(() => 0.01),
      19,
      39,
    ),
  ).toBe('From 20.0 kimg to 40.0 kimg the error fell nowhere by 5 % or more.');
  expect(fallWords({}, 0, 1)).toBe('');
});

test('a map has noise levels across and time downwards, and is clear where there is nothing', () => {
  const scale = sequentialScale(0, 1);
  const pixels = paintLevels(
    {
      nimg: [10, 20],
      values: [
        [0, 1],
        [null, 1],
      ],
    },
    4,
    20,
    scale,
  );
  const pixel = (level: number, y: number): number[] => [...pixels.slice((y * 2 + level) * 4, (y * 2 + level) * 4 + 4)];
  expect(pixel(0, 0)).toEqual([...scale.color(0), 255]);
  expect(pixel(1, 0)).toEqual([0, 0, 0, 0]);
  expect(pixel(1, 3)).toEqual([...scale.color(1), 255]);
});

test('a wild cell costs no colours', () => {
  const line = Array.from({ length: 100 }, (_, index) => index / 100);
  expect(usualRange([line, [null, 50, -50]])).toEqual({ min: 0.01, max: 0.98 });
  expect(usualRange([[2]])).toEqual({ min: 2, max: 2 });
  expect(usualRange([])).toEqual({ min: 0, max: 1 });
});

test('steps stand around the middles of their bins, on a logarithmic scale, too', () => {
  expect(stepsOf({ xs: [1, 2, 3], ys: [5, null, 7] }, false)).toEqual({
    xs: [0.5, 1.5, 1.5, 2.5, 2.5, 3.5],
    ys: [5, 5, null, null, 7, 7],
  });
  const { xs } = stepsOf({ xs: [0.1, 1, 10], ys: [1, 1, 1] }, true);
  expect(xs[1]).toBeCloseTo(Math.sqrt(0.1), 9);
  expect(xs[5]).toBeCloseTo(10 * Math.sqrt(10), 9);
});
