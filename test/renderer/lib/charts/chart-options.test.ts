import { expect, test } from 'vitest';
import { withoutCrowdedEnd } from '../../../../renderer/lib/charts/chart-options.ts';

const values = (...list: number[]): number[] => withoutCrowdedEnd(list.map((value) => ({ value }))).map((t) => t.value);

test('the end of an axis is labelled only where its label has room', () => {
  expect(values(0, 50, 100, 150, 200, 250, 256)).toEqual([0, 50, 100, 150, 200, 250]);
  expect(values(0, 10_000, 20_000, 30_000, 35_008)).toEqual([0, 10_000, 20_000, 30_000, 35_008]);
  expect(values(0, 3)).toEqual([0, 3]);
});
