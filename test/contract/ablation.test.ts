import { expect, test } from 'vitest';
import {
  checkNetworks,
  configAt,
  pointName,
  pointsOf,
  readAxis,
  rungAt,
  runNameAt,
  settingsAt,
} from '../../contract/ablation.ts';
import { findPreset } from '../../contract/presets.ts';

test.each([
  ['rung=A..G', 'rung', ['A', 'B', 'C', 'D', 'E', 'F', 'G']],
  ['rung=c,G', 'rung', ['C', 'G']],
  ['lr=0.005,0.01', 'training.learningRate', [0.005, 0.01]],
  ['Seed=0..2,7', 'training.seed', [0, 1, 2, 7]],
  ['precision=fp32,bf16', 'training.precision', ['fp32', 'bf16']],
  [
    'network.channelMult=[1,2],[1,2,2]',
    'network.channelMult',
    [
      [1, 2],
      [1, 2, 2],
    ],
  ],
  ['network.switches.gains=true,false', 'network.switches.gains', [true, false]],
  ['training.microBatch=null,8', 'training.microBatch', [null, 8]],
] as const)('%s is an axis', (text, field, values) => {
  expect(readAxis(text)).toMatchObject({ field, values });
});

test.each([
  ['rung', 'An axis is NAME=VALUE,VALUE'],
  ['=3', 'An axis is NAME=VALUE,VALUE'],
  ['rung=A..H', '"A..H" is no configuration'],
  ['rung=G..A', '"G..A" is no configuration'],
  ['seed=2..0', '"2..0" is no range'],
  ['seed=0..99999', '"0..99999" is no range'],
  ['lr=0.01,', 'A value is missing'],
  ['lr=0.01,0.010', 'lr has the value 0.01 twice'],
  ['learnRate=1', 'There is no field “learnRate”'],
  ['loss=1,2', 'it is no setting'],
])('%s is none, and the sentence says why', (text, sentence) => {
  expect(() => readAxis(text)).toThrow(sentence);
});

test('a grid has every combination, the last axis changing fastest', () => {
  const points = pointsOf(['rung=C,G', 'lr=0.005,0.01', 'seed=0..1'].map(readAxis));
  expect(points.map(pointName)).toEqual([
    'rung C, lr 0.005, seed 0',
    'rung C, lr 0.005, seed 1',
    'rung C, lr 0.01, seed 0',
    'rung C, lr 0.01, seed 1',
    'rung G, lr 0.005, seed 0',
    'rung G, lr 0.005, seed 1',
    'rung G, lr 0.01, seed 0',
    'rung G, lr 0.01, seed 1',
  ]);
  expect(points.map(rungAt).join('')).toBe('CCCCGGGG');
  expect(settingsAt(points[1]!)).toEqual([
    { path: 'training.learningRate', value: 0.005 },
    { path: 'training.seed', value: 1 },
  ]);
});

test('ten thousand runs, and an axis that is there twice, are refused', () => {
  expect(() => pointsOf(['seed=0..99', 'lr=0.1,0.2,0.3', 'rung=A..G'].map(readAxis))).toThrow(
    'This grid has 2100 runs; at most 200 are queued at once.',
  );
  expect(() => pointsOf(['seed=0', 'training.seed=1'].map(readAxis))).toThrow('training.seed is given twice');
});

test.each([
  [
    'network.modelChannels=32,8',
    "The run of network.modelChannels 8 can't be: Attention at 8×8 needs 64 channels a head",
  ],
  [
    'network.switches.weightNorm=none,forced',
    "The run of network.switches.weightNorm none can't be: Weights N(0, 1) that are not",
  ],
])('%s is refused, because of one of its networks', (axis, words) => {
  const { config: base } = findPreset('demo')!;
  const runs = pointsOf([readAxis(axis)]).map((point) => ({ point, config: configAt(base, {}, point) }));
  const dataset = { resolution: 32, channels: 3, classes: [] };
  expect(() => checkNetworks(dataset, runs)).toThrow(words);
  const fine = runs.filter(({ point }) => !words.includes(`${pointName(point)} can't`));
  expect(fine).toHaveLength(1);
  expect(() => checkNetworks(dataset, fine)).not.toThrow();
});

test('runs are named by what differs between them', () => {
  const points = pointsOf(['rung=C,G', 'network.modelChannels=16'].map(readAxis));
  expect(points.map((point) => runNameAt('ab', point))).toEqual(['ab: rung C', 'ab: rung G']);
  expect(runNameAt('ab', pointsOf([readAxis('lr=0.1')])[0]!)).toBe('ab: lr 0.1');
});
