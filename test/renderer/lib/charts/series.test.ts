import { expect, test } from 'vitest';
import { extent, lastAt, nearest, smooth } from '../../../../renderer/lib/charts/series.ts';

test('smoothing leaves a constant what it is, from the first value on', () => {
  expect(smooth([1, 2, 30, 31], [5, 5, 5, 5], 10)).toEqual([5, 5, 5, 5]);
});

test('smoothing of length 0 gives the very same values', () => {
  const ys = [1, null, 3];
  expect(smooth([0, 1, 2], ys, 0)).toBe(ys);
});

test('a value one length away weighs 1/e of the newest', () => {
  const weight = Math.exp(-1);
  expect(smooth([0, 10], [0, 1], 10)[1]).toBeCloseTo(1 / (1 + weight), 12);
});

test('gaps stay gaps and do not pull the curve after them', () => {
  expect(smooth([0, 1, 2], [4, null, 4], 5)).toEqual([4, null, 4]);
  expect(smooth([0, 1, 2], [4, Number.NaN, 4], 5)).toEqual([4, null, 4]);
});

test('the nearest and the last place in a rising list are found', () => {
  const xs = [0, 10, 20];
  expect([-5, 4, 6, 15, 99].map((x) => nearest(xs, x))).toEqual([0, 0, 1, 1, 2]);
  expect([-5, 4, 10, 19, 99].map((x) => lastAt(xs, x))).toEqual([-1, 0, 1, 1, 2]);
  expect(nearest([], 1)).toBe(-1);
});

test('an extent ignores what is not finite, and is null where nothing is', () => {
  expect(extent([null, 2, Infinity, -1])).toEqual({ min: -1, max: 2 });
  expect(extent([null, Number.NaN])).toBeNull();
});
