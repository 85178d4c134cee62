import { expect, test } from 'vitest';
import type { DynamicsKind } from '../../../../contract/dynamics.ts';
import type { DynamicsTable } from '../../../../contract/dynamics-table.ts';
import { allStill, firstToLeave, hasRatio, ratios, robustRange, rowsOf } from '../../../../renderer/lib/run/change.ts';

const table = (kind: DynamicsKind, rows: Record<string, (number | null)[]>): DynamicsTable => {
  const values = Object.values(rows);
  return { kind, layers: Object.keys(rows), nimg: values[0]!.map((_, column) => (column + 1) * 100), values };
};

test('weights are compared with where they began, activations with 1, learning rates with those of the other layers', () => {
  expect(ratios(table('weight', { a: [0.5, 1, null], b: [0, 2, 3] }))).toEqual([
    [1, 2, null],
    [0, 1, 1.5],
  ]);
  expect(ratios(table('activation', { a: [0.5, 2] }))).toEqual([[0.5, 2]]);
  expect(ratios(table('relative-update', { a: [1, 10], b: [2, 20], c: [8, 20] }))).toEqual([
    [0.5, 0.5],
    [1, 1],
    [4, 1],
  ]);
});

test('one wild cell of a hundred does not take the colours from the others', () => {
  const line = Array.from({ length: 100 }, (_, index) => (index === 50 ? 1e6 : 2));
  expect(robustRange([line])).toEqual({ min: 0.5, max: 2 });
});

test('the row that left first, and stayed away, is found with its moment', () => {
  const rows = {
    back: [1, 9, 9, 9, 9, 9, 1, 1, 1, 1, 1],
    late: [1, 1, 1, 1, 1, 1, 1, 3, 3, 3, 3],
    first: [1, 1, 1, 0.5, 0.4, 0.4, 1, 0.4, 0.4, 0.4, 1], // two moments that are back don't count
    last: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 7], // nor does one that is away
  };
  expect(firstToLeave(table('weight', rows))).toEqual({ layer: 'first', nimg: 400 });
  expect(firstToLeave(table('weight', { last: rows.last, back: rows.back }))).toBeNull();
  const still = [0.1, 1, 1, 1, 1, 1];
  const rates = { slow: still, usual: still, other: still, fast: [0.1, 2, 2, 2, 2, 2] };
  expect(firstToLeave(table('relative-update', rates))).toEqual({ layer: 'fast', nimg: 300 });
});

test('rows that stay within 1 % of where they began are still, and one that does not is seen', () => {
  expect(allStill([[1, 1.005, null], [0.995]])).toBe(true);
  expect(allStill([[1, 1.005], [0.95]])).toBe(false);
});

test('rows are found by words of their names, and ordered by how much they changed', () => {
  const rows = table('weight', { 'dec.8x8.conv': [1, 1.1], 'enc.8x8.conv': [1, 0.2], 'dec.4x4.conv': [1, 3] });
  expect(rowsOf(rows, 'DEC conv', false).layers).toEqual(['dec.8x8.conv', 'dec.4x4.conv']);
  expect(rowsOf(rows, '', true).layers).toEqual(['enc.8x8.conv', 'dec.4x4.conv', 'dec.8x8.conv']);
  expect(rowsOf(rows, 'nothing', false).values).toEqual([]);
});

test('counts, shares and signed numbers have no ratio', () => {
  expect((['weight', 'noise-error', 'gain', 'noise-u'] as const).map(hasRatio)).toEqual([true, true, false, false]);
});
