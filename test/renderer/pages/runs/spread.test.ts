import { expect, test } from 'vitest';
import { spread } from '../../../../renderer/pages/runs/spread.ts';

test('the strip takes its pictures from rows spread over the sheet', () => {
  expect(spread(72, 8, 3)).toEqual([0, 25, 50]);
  expect(spread(8, 8, 5)).toEqual([0, 1, 2, 3, 4]);
  expect(spread(2, 2, 5)).toEqual([0, 1]);
});
