import { expect, test } from 'vitest';
import type { DynamicsTable } from '../../../../contract/dynamics-table.ts';
import { tickColumns } from '../../../../contract/ticks.ts';
import { appendMagnitudes, momentsOf, withCloser, withCloserTable } from '../../../../renderer/lib/run/tick-columns.ts';
import { exampleTick } from '../../../support/ticks.ts';

const ticks = (...nimg: number[]) => tickColumns(nimg.map((moment) => exampleTick(moment, { loss: moment })));
const thinned: DynamicsTable = {
  kind: 'weight',
  layers: ['a'],
  nimg: [10, 500, 1000],
  values: [[1, 2, 3]],
  span: { ticks: [1, 49, 50], low: [[1, 1, 2]], high: [[1, 9, 3]] },
};

test('what is new after a long history stands for single ticks', () => {
  const grown = appendMagnitudes(thinned, { kind: 'weight', layers: ['a'], nimg: [1010], values: [[null]] });
  expect(grown.nimg).toEqual([10, 500, 1000, 1010]);
  expect(grown.values).toEqual([[1, 2, 3, null]]);
  expect(grown.span).toEqual({ ticks: [1, 49, 50, 1], low: [[1, 1, 2, null]], high: [[1, 9, 3, null]] });
});

test('a stretch that is read more closely takes the place of what it covers, and no more', () => {
  const closer = withCloser(ticks(10, 500, 1000), ticks(490, 500, 510));
  expect([closer.nimg, closer.loss]).toEqual([
    [10, 490, 500, 510, 1000],
    [10, 490, 500, 510, 1000],
  ]);
  const history = ticks(10, 500);
  expect(withCloser(history, ticks())).toBe(history);
  const table = withCloserTable(thinned, { kind: 'weight', layers: ['a'], nimg: [490, 500], values: [[9, 2]] });
  expect([table.nimg, table.values]).toEqual([[10, 490, 500, 1000], [[1, 9, 2, 3]]]);
  expect(table.span).toEqual({ ticks: [1, 1, 1, 50], low: [[1, 9, 2, 2]], high: [[1, 9, 2, 3]] });
});

test('moments of several runs are one rising list, each once', () => {
  expect(momentsOf([[1, 3, 20], [], [3, 5], [100]])).toEqual([1, 3, 5, 20, 100]);
});
