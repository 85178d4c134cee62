import { expect, test } from 'vitest';
import { extremes } from '../../../../renderer/lib/charts/extremes.ts';
import { spanWords } from '../../../../renderer/lib/charts/heat-image.ts';

const span = {
  ticks: [1, 12, 12, 12],
  low: [
    [1, 0.9, 0.1, 1],
    [-2, -9, -2, null],
    [1, 1, 1, 1],
  ],
  high: [
    [1, 50, 1.2, 1],
    [-2, 1, 5, null],
    [1, 1, null, 1],
  ],
} as const;
const values = [
  [1, 1, 1.1, 1],
  [-2, -2, -2, null],
  [1, 1, 1, 1],
] as const;

test('a column shows the spike, dip or lost number of its ticks', () => {
  expect(extremes({ values, span })).toEqual([
    [1, 50, 0.1, 1],
    [-2, -9, 5, null],
    [1, 1, null, 1],
  ]);
  expect(extremes({ values })).toBe(values);
});

test('what was high all along shows the one tick at which it fell', () => {
  const grown = { ticks: [8, 8, 8], low: [[4.8, 1, 4.9]], high: [[5, 5.1, 5]] };
  expect(extremes({ values: [[4.9, 5, 5]], span: grown })[0]![1]).toBe(1);
});

test('a column of several ticks says between what its numbers lie, and of how many', () => {
  const words = (row: number, column: number): string | null => spanWords(span, row, column, 'not finite');
  expect(words(0, 0)).toBeNull();
  expect(words(0, 1)).toBe('between 0.900 and 50.0 in 12 ticks');
  expect(words(2, 2)).toBe('not finite at times in 12 ticks, else from 1.00');
  expect(words(1, 3)).toBe('not finite in 12 ticks');
});
