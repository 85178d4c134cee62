import { expect, test } from 'vitest';
import type { DynamicsTable } from '../../../../contract/dynamics-table.ts';
import { tickColumns } from '../../../../contract/ticks.ts';
import { columnAt, lackWords, mapsOf, rowsTogether, scaleOf } from '../../../../renderer/pages/compare/maps.ts';
import type { Recorded } from '../../../../renderer/pages/compare/panel-curves.ts';
import { exampleTick } from '../../../support/ticks.ts';
import { exampleRun } from '../../support/examples.ts';

const recorded = (id: number, layers: string[], values: number[][], nimg = [100, 200]): Recorded => {
  const table: DynamicsTable = { kind: 'weight', layers, nimg: layers.length === 0 ? [] : nimg, values };
  return {
    id,
    run: { ...exampleRun(), id, name: `run ${id}` },
    ticks: tickColumns(nimg.map((at) => exampleTick(at, { trainSeconds: at / 10 }))),
    magnitudes: { weight: table },
  };
};
const narrow = recorded(
  1,
  ['enc', 'dec'],
  [
    [1, 2],
    [2, 2],
  ],
);
const wide = recorded(
  2,
  ['enc', 'middle', 'dec'],
  [
    [1, 1],
    [1, 1],
    [4, 1],
  ],
);

test('rows of networks stand in one order, and what only one has stands where it has it', () => {
  expect(rowsTogether([['a', 'c', 'e'], ['a', 'b', 'c', 'd'], ['first']])).toEqual(['first', 'a', 'b', 'c', 'd', 'e']);
});

test('a network with a coarser resolution more has it between encoder and decoder, whichever comes first', () => {
  const coarse = ['emb', 'Enc 16×16', 'Dec 16×16', 'out'];
  const deep = ['emb', 'Enc 16×16', 'Enc 8×8', 'Dec 8×8', 'Dec 16×16', 'out'];
  expect([rowsTogether([coarse, deep]), rowsTogether([deep, coarse])]).toEqual([deep, deep]);
  const apart = rowsTogether([
    ['unet.enc.16x16_conv', 'unet.dec.16x16_in0'],
    ['unet.enc.16x16_conv', 'unet.enc.8x8_down', 'unet.dec.8x8_in0', 'unet.dec.16x16_up'],
  ]);
  expect(apart.map((row) => row.slice(5, 12))).toEqual(['enc.16x', 'enc.8x8', 'dec.8x8', 'dec.16x', 'dec.16x']);
});

test('maps have the same rows, and a row that a run lacks is empty and named', () => {
  const { layers, maps, unrecorded } = mapsOf('weight', [narrow, wide, recorded(3, [], [])], 'images', 'change');
  expect(layers).toEqual(['enc', 'middle', 'dec']);
  expect(maps.map(({ drawn }) => drawn.values)).toEqual([
    [[1, 2], [], [1, 1]],
    [
      [1, 1],
      [1, 1],
      [1, 0.25],
    ],
  ]);
  expect(maps.map((map) => lackWords('weight', map, layers))).toEqual([
    'run 1 has 2 of the 3 layers; empty there: middle.',
    '',
  ]);
  expect(unrecorded).toEqual(['run 3']);
});

test('one scale holds what any of the maps shows', () => {
  const { maps } = mapsOf('weight', [narrow, wide], 'images', 'low to high');
  expect(scaleOf(maps, 'low to high', 'light')).toMatchObject({ low: 1, high: 4 });
  expect(scaleOf(maps.slice(0, 1), 'low to high', 'light')).toMatchObject({ low: 1, high: 2 });
});

test('columns stand where x has them, and a place behind the end of a run has none', () => {
  const [map] = mapsOf('weight', [narrow], 'seconds', 'change').maps;
  expect(map!.drawn.nimg).toEqual([10, 20]);
  expect([null, 0, 16, 30, 31].map((at) => columnAt(map!.xs, at))).toEqual([1, 0, 1, 1, null]);
  expect(columnAt([], 1)).toBeNull();
});
