import { expect, test } from 'vitest';
import type { DynamicsTable } from '../../../../contract/dynamics-table.ts';
import { chosenPair, ratioEnds, ratioOf, sharedWords } from '../../../../renderer/pages/compare/ratio.ts';

const table = (nimg: number[], rows: Record<string, (number | null)[]>): DynamicsTable => ({
  kind: 'weight',
  layers: Object.keys(rows),
  nimg,
  values: Object.values(rows),
});

test('rows of both are divided at equal moments, where both are above 0', () => {
  const over = table([100, 200, 300], { a: [2, 4, 8], mine: [1, 1, 1], b: [3, null, -1] });
  const under = table([100, 200, 300], { a: [1, 8, 8], b: [6, 1, 1], yours: [1, 1, 1], c: [1, 1, 1] });
  const ratio = ratioOf(over, under);
  expect(ratio.layers).toEqual(['a', 'b']);
  expect(ratio.values).toEqual([
    [2, 0.5, 1],
    [0.5, null, null],
  ]);
  expect(sharedWords(ratio, { over: 'G', under: 'C' })).toEqual([
    'Rows that both have: 2; only G has mine; only C has yours, c.',
  ]);
  expect(ratioOf(table([100], { a: [0] }), table([100], { a: [0] })).values).toEqual([[null]]);
});

test('columns are the moments of the run with fewer, each beside the nearest of the other, as long as both train', () => {
  const often = table([10, 20, 30, 40, 50, 60], { a: [1, 2, 3, 4, 5, 6] });
  const seldom = table([25, 50, 75], { a: [1, 1, 1] });
  expect(ratioOf(often, seldom)).toMatchObject({ nimg: [25, 50], values: [[2, 5]] });
  expect(ratioOf(seldom, often)).toMatchObject({ nimg: [25, 50], values: [[0.5, 0.2]] });
});

test('runs that never trained at the same time have no moment in common', () => {
  const early = table([10, 20], { a: [1, 1] });
  const late = table([1000, 1010], { a: [1, 1] });
  expect(ratioOf(early, { ...late, nimg: [1000, 1010] }).nimg).toEqual([]);
  expect(ratioEnds(ratioOf(early, table([], { a: [] })))).toBeNull();
});

test('the largest and the smallest ratio are told with row and moment', () => {
  const ratio = ratioOf(table([100, 200], { a: [1, 9], b: [1, 1] }), table([100, 200], { a: [1, 1], b: [4, 1] }));
  expect(ratioEnds(ratio)).toEqual({
    low: { layer: 'b', nimg: 100, ratio: 0.25 },
    high: { layer: 'a', nimg: 200, ratio: 9 },
  });
});

test('the second run is divided by the first, unless two that are there are asked for', () => {
  expect(chosenPair([4, 7, 2], null)).toEqual({ over: 7, under: 4 });
  expect(chosenPair([4, 7, 2], { over: 2, under: 7 })).toEqual({ over: 2, under: 7 });
  for (const wanted of [
    { over: 9, under: 4 },
    { over: 4, under: 4 },
  ])
    expect(chosenPair([4, 7], wanted)).toEqual({ over: 7, under: 4 });
  expect(chosenPair([4], null)).toBeNull();
});
