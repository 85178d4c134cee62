import { expect, test } from 'vitest';
import { cell, fileName, toCsv } from '../../../../renderer/lib/charts/export.ts';
import { path } from '../../../../renderer/lib/charts/svg.ts';

const look = { token: '--run-1', dash: [] };

test('a CSV has one row per place on x and empty cells where a curve has none', () => {
  const csv = toCsv('training images', [
    { id: 'a', label: 'run, one', ...look, xs: [1, 2], ys: [0.5, null] },
    { id: 'b', label: 'b', ...look, xs: [2, 3], ys: [7, 8] },
  ]);
  expect(csv).toBe('training images,"run, one",b\r\n1,0.5,\r\n2,,7\r\n3,,8\r\n');
});

test.each(['=1+1', '+x', '-x', '@sum'])('a name like %s can not become a formula of a spreadsheet', (name) => {
  expect(cell(name).startsWith("'")).toBe(true);
});

test('quotes in a name are doubled', () => {
  expect(cell('a "b"')).toBe('"a ""b"""');
});

test('a file name is made of the words of its title', () => {
  expect(fileName('Loss / run “x”', 'csv')).toBe('loss-run-x.csv');
  expect(fileName('///', 'png')).toBe('chart.png');
});

test('a drawn path lifts its pen where a value is missing', () => {
  const same = (value: number): number => value;
  const points = [
    { x: 0, y: 1 },
    { x: 1, y: Number.NaN },
    { x: 2, y: 3 },
    { x: 3, y: 4 },
  ];
  expect(path(points, same, same)).toBe('M0 1M2 3L3 4');
});
