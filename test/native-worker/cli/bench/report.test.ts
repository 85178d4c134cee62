import { expect, test } from 'vitest';
import type { BenchResult, Speed } from '../../../../native-worker/cli/bench/measure.ts';
import type { DevicesResult } from '../../../../native-worker/cli/bench/devices.ts';
import { benchWords, devicesWords, partsWords } from '../../../../native-worker/cli/bench/report.ts';
import { timing } from '../../../../native-worker/cli/bench/rounds.ts';
import { readOptions } from '../../../../native-worker/cli/commands/bench.ts';

const speed = (seconds: number, share: number): Speed => ({
  time: timing([0.9, 1, 1.2].map((factor) => ({ seconds: factor * seconds, processorSeconds: seconds, others: 0 }))),
  imagesPerSecond: 16 / seconds,
  gflopPerSecond: 331.4,
  convolutions: timing([{ seconds: share * seconds, processorSeconds: seconds, others: 0 }]),
  share,
  peakBytes: 1_480_000_000,
});

const result: BenchResult = {
  device: 'CPU, 2 threads',
  processor: 'A processor',
  tensorflow: '2.21.0',
  batch: 16,
  train: speed(0.5, 0.75),
  steps: 8,
  evaluations: 15,
  sample: speed(4, 0.5),
  quiet: true,
};

test('a measurement is told in two lines of a table, with what it can be trusted for', () => {
  const words = benchWords(result);
  expect(words).toMatch(
    /training step, batch 16 +0\.500 s \(0\.450–0\.600\) +32\.0 +331 +0\.375 s \(0\.375–0\.375\) +75 % +1\.48 GB/u,
  );
  expect(words).toMatch(/drawing 16 in 8 steps +4\.00 s/u);
  expect(words).toContain('The machine was quiet');
  expect(benchWords({ ...result, quiet: false })).toContain('The machine was NOT quiet');
  expect(benchWords({ ...result, quiet: null })).toContain('this system does not tell');
});

const options = { preset: 'small', channels: '3', classes: '10', precision: 'fp32', rounds: '7', set: [] };

test('the batch is what goes through the network at once, and can be asked for', () => {
  expect(readOptions({ ...options, preset: 's' }).subject.config.training).toMatchObject({
    batchSize: 32,
    microBatch: null,
  });
  const asked = readOptions({ ...options, batch: '16', precision: 'bf16', threads: '3' });
  expect(asked.subject.config.training).toMatchObject({ batchSize: 16, precision: 'bf16' });
  expect(asked.threads).toBe(3);
});

test('micro-batches are measured if they are asked for, of the batch that was asked for', () => {
  expect(readOptions({ ...options, batch: '128', microBatch: '8' }).subject.config.training).toMatchObject({
    batchSize: 128,
    microBatch: 8,
  });
  expect(() => readOptions({ ...options, batch: '128', microBatch: '24' })).toThrow(
    '--micro-batch: batch size 128 is not a multiple of micro-batch 24; the nearest that divide it are 16 and 32.',
  );
  expect(() => readOptions({ ...options, batch: '8', microBatch: '8' })).toThrow('from 1 to 7');
});

test('what micro-batches cost and save is told in a table and two ratios', () => {
  const { time } = speed(0.5, 0.75);
  const step = { time, imagesPerSecond: 32, peakBytes: 700e6 };
  const parts = {
    ...{ device: '', processor: '', tensorflow: '', batch: 128, microBatch: 8, quiet: true },
    ...{ cut: step, alone: step, whole: { ...step, peakBytes: 1.9e9 }, speedRatio: 0.8071, peakRatio: 1.05 },
  };
  const words = partsWords(parts);
  expect(words).toMatch(/batch 128 in micro-batches of 8 +0\.500 s .* 32\.0 +700 MB/u);
  expect(words).toMatch(/batch 128 at once .* 1\.90 GB/u);
  expect(words).toContain(
    'the speed is 0.807 of that of the batch at once. Peak memory is 1.05 times that of a batch of 8.',
  );
  expect(partsWords({ ...parts, whole: null, speedRatio: null })).toContain(
    "Batch 128 at once would not fit into this machine's memory.",
  );
});

test('devices that share a batch are told beside one, cards with how near to perfect they are', () => {
  const { time } = speed(0.5, 0.75);
  const step = { time, imagesPerSecond: 64, peakBytes: 2.3e9 };
  const found: DevicesResult = {
    ...{ devices: ['gpu:0', 'gpu:1'], device: '', processor: '', tensorflow: '', batch: 32, quiet: true },
    ...{ shared: step, alone: { ...step, imagesPerSecond: 34 }, speedRatio: 64 / 34 },
  };
  const words = devicesWords(found);
  expect(words).toMatch(/batch 32 on gpu:0, gpu:1 .* 64\.0 +2\.30 GB/u);
  expect(words).toContain('2 devices train 1.88 times as fast as gpu:0, 94.1 % of 2 times as fast.');
  expect(devicesWords({ ...found, devices: ['cpu:0', 'cpu:1'], speedRatio: 1.02 })).toContain(
    '2 devices train 1.02 times as fast as the processor as a whole.',
  );
});

test('devices that are measured must be able to share the batch', () => {
  expect(readOptions({ ...options, batch: '16', devices: 'GPU:0, gpu:1' }).devices).toEqual(['gpu:0', 'gpu:1']);
  expect(readOptions({ ...options, batch: '16' }).devices).toBeNull();
  expect(() => readOptions({ ...options, batch: '15', devices: 'cpu:0,cpu:1' })).toThrow(/shared out evenly over 2/);
  expect(() => readOptions({ ...options, devices: 'cpu' })).toThrow('--devices, a device is gpu:N');
});

test('a precision that there is not is refused by name', () => {
  expect(() => readOptions({ ...options, precision: 'int8' })).toThrow(
    '--precision is fp32, tf32, bf16 or fp16, not "int8".',
  );
});
