import { expect, test } from 'vitest';
import { climb } from '../../../contract/ladder.ts';
import { findPreset } from '../../../contract/presets.ts';
import type { RunConfig } from '../../../contract/training.ts';
import { expectedSpeed } from '../../../native-worker/service/expected-speed.ts';

const demo = findPreset('demo')!.config;
const shape = { resolution: 32, channels: 3, labelDim: 9 };
const of = ({ network, training }: RunConfig, at = shape) => ({ network, training, shape: at });
const measured = [{ config: demo, microBatch: null, shape, imagesPerSecond: 40 }];
const withTraining = (change: Partial<RunConfig['training']>): RunConfig => ({
  ...demo,
  training: { ...demo.training, ...change },
});

test('the same network is as fast as it was, whatever its rate, classes and length', () => {
  const changed = withTraining({ learningRate: 0.5, durationImages: 7, microBatch: 32 });
  expect(expectedSpeed(of(changed, { ...shape, labelDim: 0 }), measured)).toEqual({
    imagesPerSecond: 40,
    scaled: false,
  });
});

test('a run counts with the micro-batch in which it went on', () => {
  const cut = [{ ...measured[0]!, microBatch: 16 }];
  expect(expectedSpeed(of(withTraining({ microBatch: 16 })), cut)).toEqual({ imagesPerSecond: 40, scaled: false });
  expect(expectedSpeed(of(demo), cut).scaled).toBe(true);
});

test('the newest of several runs counts, and a run of the network itself before any other', () => {
  const newest = [
    { config: climb(demo, 'C'), microBatch: null, shape, imagesPerSecond: 99 },
    { ...measured[0]!, imagesPerSecond: 41 },
  ];
  expect(expectedSpeed(of(demo), [...newest, ...measured])).toEqual({ imagesPerSecond: 41, scaled: false });
});

test('another network is scaled by its multiply-adds', () => {
  const deeper = { ...demo, network: { ...demo.network, numBlocks: 2 } };
  const { imagesPerSecond, scaled } = expectedSpeed(of(deeper), measured);
  expect(scaled).toBe(true);
  expect(imagesPerSecond).toBeGreaterThan(40 / 2);
  expect(imagesPerSecond).toBeLessThan(40 / 1.3);
  const back = expectedSpeed(of(demo), [
    { config: deeper, microBatch: null, shape, imagesPerSecond: imagesPerSecond! },
  ]);
  expect(back.imagesPerSecond).toBeCloseTo(40, 9);
  const rung = expectedSpeed(of(climb(demo, 'A')), measured);
  expect(rung.scaled).toBe(true);
  expect(rung.imagesPerSecond).not.toBe(40);
});

test.each<[string, RunConfig]>([
  ['far larger', { ...demo, network: { ...demo.network, modelChannels: 128 } }],
  ['of another precision', withTraining({ precision: 'bf16' })],
  ['of a far larger batch', withTraining({ batchSize: 128 })],
])('of a run that is %s nothing is known', (_how, config) => {
  expect(expectedSpeed(of(config), measured)).toEqual({ imagesPerSecond: null, scaled: false });
});

test('without earlier runs nothing is known', () => {
  expect(expectedSpeed(of(demo), [])).toEqual({ imagesPerSecond: null, scaled: false });
});
