import { expect, test } from 'vitest';
import { fileName, toCsv } from '../../../../renderer/lib/charts/export.ts';

const look = { token: '--run-1', dash: [] };

test('a CSV has one row per place on x and empty cells where a curve has none', () => {
  const csv = toCsv('training images', [
    { id: 'a', label: 'run, one', ...look, xs: [1, 2], ys: [0.5, null] },
    { id: 'b', label: 'b', ...look, xs: [2, 3], ys: [7, 8] },
  ]);
  expect(csv).toBe('training images,"run, one",b\r\n1,0.5,\r\n2,,7\r\n3,,8\r\n');
});

test('a file name is made of the words of its title', () => {
  expect(fileName('Loss / run “x”', 'csv')).toBe('loss-run-x.csv');
  expect(fileName('///', 'png')).toBe('chart.png');
});
