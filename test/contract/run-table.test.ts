import { expect, test } from 'vitest';
import { climb } from '../../contract/ladder.ts';
import { findPreset } from '../../contract/presets.ts';
import { runFieldNamed, type TableRun } from '../../contract/run-fields.ts';
import { cellText, inOrder, orderText, readColumns, readOrder } from '../../contract/run-table.ts';
import { exampleRunSummary } from '../renderer/support/examples.ts';

const demo = findPreset('demo')!.config;
const runs: TableRun[] = [
  {
    ...exampleRunSummary({ id: 4, name: 'run 10', lastLoss: 0.1, state: 'failed', tags: ['a', 'b'] }),
    config: climb(demo, 'C'),
  },
  { ...exampleRunSummary({ id: 3, name: 'run 2', lastLoss: null, state: 'queued' }), config: climb(demo, 'G') },
  { ...exampleRunSummary({ id: 2, name: 'Run 1', lastLoss: 0.3, state: 'finished' }), config: climb(demo, 'A') },
  { ...exampleRunSummary({ id: 1, name: 'run 1', lastLoss: 0.1, state: 'running' }), config: null },
];

function sorted(text: string): number[] {
  const read = readOrder(text);
  if ('problem' in read) throw new Error(read.problem.message);
  expect(orderText(read.order)).toBe(text);
  return inOrder(runs, read.order).map(({ id }) => id);
}

test('runs are sorted by numbers, words, choices and several fields; what has no value comes last either way', () => {
  expect(sorted('')).toEqual([4, 3, 2, 1]);
  expect(sorted('loss')).toEqual([4, 1, 2, 3]);
  expect(sorted('-loss')).toEqual([2, 4, 1, 3]);
  expect(sorted('name')).toEqual([2, 1, 3, 4]); // by the number in it, and capitals don't matter
  expect(sorted('state')).toEqual([3, 1, 2, 4]); // in the order of a run's life
  expect(sorted('rung')).toEqual([2, 4, 3, 1]);
  expect(sorted('-rung')).toEqual([3, 4, 2, 1]);
  expect(sorted('loss,-id')).toEqual([4, 1, 2, 3]);
  expect(sorted('loss,id')).toEqual([1, 4, 2, 3]);
});

test('an order or a column that is no field says where', () => {
  expect(readOrder('loss,-nam')).toEqual({
    problem: { from: 5, to: 9, message: 'There is no field “nam”. Did you mean “name”?' },
  });
  expect(readColumns('name, lr ,LR,,los')).toMatchObject({ problem: { from: 14, to: 17 } });
  expect(readColumns('name, lr ,LR,')).toEqual({
    columns: [runFieldNamed('name'), runFieldNamed('training.learningRate')],
  });
});

test('a cell writes its value with its unit', () => {
  const cell = (name: string, run = runs[0]!): string => cellText(runFieldNamed(name)!, run, (at) => `at ${at}`);
  expect(
    ['images', 'progress', 'loss', 'speed', 'time', 'memory', 'size', 'lr', 'sigmaRels', 'tag', 'gains', 'created'].map(
      (name) => cell(name),
    ),
  ).toEqual([
    '35.0 kimg',
    '100 %',
    '0.100',
    '25.0 img/s',
    '23 min',
    '750 MB',
    '1.25 M',
    '0.0002',
    '0.05, 0.1',
    'a b',
    'no',
    'at 1700000000000',
  ]);
  expect(cell('loss', runs[1])).toBe('–');
  expect(cell('tag', runs[1])).toBe('–');
  expect(cell('lr', runs[3])).toBe('–');
  expect(cell('progress', { ...runs[0]!, nimg: 35_007 })).toBe('99 %');
});
