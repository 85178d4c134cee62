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

test('a mean has its band and the number of its runs beside it', () => {
  const band = { kind: 'range', low: [1, 2], high: [3, 2], runs: [2, 1], all: 2, shaded: true } as const;
  const csv = toCsv('images', [{ id: 'a', label: 'Seed 1', ...look, xs: [1, 2], ys: [2, 2], band }]);
  expect(csv).toBe('images,Seed 1,Seed 1: smallest,Seed 1: largest,Seed 1: runs\r\n1,2,1,3,2\r\n2,2,2,2,1\r\n');
});

test('a file name is made of the words of its title', () => {
  expect(fileName('Loss / run “x”', 'csv')).toBe('loss-run-x.csv');
  expect(fileName('///', 'png')).toBe('chart.png');
});
