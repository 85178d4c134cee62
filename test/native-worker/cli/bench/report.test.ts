import { expect, test } from 'vitest';
import type { BenchResult, Speed } from '../../../../native-worker/cli/bench/measure.ts';
import { benchWords } from '../../../../native-worker/cli/bench/report.ts';
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

test('a precision that there is not is refused by name', () => {
  expect(() => readOptions({ ...options, precision: 'int8' })).toThrow(
    '--precision is fp32, bf16 or fp16, not "int8".',
  );
});
