import { expect, test } from 'vitest';
import { changesOf, changeTable, kindTable, noiseTable } from '../../../native-worker/cli/commands/dynamics-tables.ts';

const nimg = [256, 512, 8000];

test('what changed most comes first, whether it grew or shrank, each from its first number to its last', () => {
  const changes = changesOf({
    kind: 'weight',
    layers: ['grew', 'shrank', 'stayed', 'late', 'gone', 'from nothing'],
    nimg,
    values: [
      [1, 5, 2],
      [3, 2, 1],
      [1, 1, 1],
      [null, 2, 2.2],
      [null, null, null],
      [0, 1, 1],
    ],
  });
  expect(changes.map(({ row }) => row)).toEqual(['grew', 'shrank', 'stayed', 'late', 'from nothing']);
  expect(changeTable(changes, 4).split('\n')).toEqual([
    'changed most  kind          from               to         change',
    'from nothing  weight  256 images     0  8.00 kimg  1.00        –',
    'shrank        weight  256 images  3.00  8.00 kimg  1.00  × 0.333',
    'grew          weight  256 images  1.00  8.00 kimg  2.00   × 2.00',
    'late          weight  512 images  2.00  8.00 kimg  2.20   × 1.10',
  ]);
});

test('noise levels show their newest moment, without bins that have no pictures', () => {
  const layers = ['0.1', '0.5', '2'];
  const tables = [
    { kind: 'noise-count' as const, layers, nimg, values: [[1, 1, 0], [1, 1, 3], [1, 1, 1]] },
    { kind: 'noise-loss' as const, layers, nimg, values: [[1, 1, null], [1, 1, 0.5], [1, 1, -0.25]] },
  ]; // prettier-ignore
  expect(changesOf(tables[1]!)).toEqual([]);
  expect(noiseTable(tables)!.split('\n')).toEqual([
    'By noise level at 8.00 kimg:',
    '  σ  count    loss',
    '0.5   3.00   0.500',
    '  2   1.00  -0.250',
  ]);
  expect(noiseTable([])).toBeNull();
});

test('each kind is a line of means and of the row that changed most', () => {
  const of = (kind: 'weight' | 'angle', values: (number | null)[][]) =>
    changesOf({ kind, layers: ['a', 'b'], nimg: [8, 16], values });
  const changes = [
    ...of('weight', [
      [1, 2],
      [3, 4],
    ]),
    ...of('angle', [
      [0, 0],
      [0.4, 0.1],
    ]),
  ];
  expect(kindTable(changes).split('\n')).toEqual([
    'kind    first mean  last mean  changed most',
    'weight        2.00       3.00  a              × 2.00',
    'angle        0.200     0.0500  b             × 0.250',
  ]);
});
