import { expect, test } from 'vitest';
import { countParameters, planNetwork } from '../../../../contract/architecture.ts';
import { RunConfig } from '../../../../contract/training.ts';
import { findPreset } from '../../../../contract/presets.ts';
import { measureDevices } from '../../../../native-worker/cli/bench/devices.ts';
import { measure } from '../../../../native-worker/cli/bench/measure.ts';
import { measureParts } from '../../../../native-worker/cli/bench/parts.ts';
import { startWorker } from '../../../../native-worker/cli/bench/worker.ts';

const demo = findPreset('demo')!.config;
const subject = {
  config: RunConfig.parse({
    ...demo,
    network: { ...demo.network, modelChannels: 8, channelMult: [1, 2], attnResolutions: [4], channelsPerHead: 8 },
    training: { ...demo.training, batchSize: 4 },
    grid: { ...demo.grid, sampler: { ...demo.grid.sampler, steps: 2 } },
  }),
  shape: { resolution: 8, channels: 3, labelDim: 2 },
};
const once = { rounds: 1, limitSeconds: 60, warmUps: 1, turnSeconds: 0 };

test('a tiny network is measured, and its figures agree with each other', async () => {
  const shares: number[] = [];
  const found = await measure(subject, 1, once, (share) => shares.push(share));
  expect(found).toMatchObject({ batch: 4, steps: 2, evaluations: 3 });
  for (const { time, imagesPerSecond, gflopPerSecond, convolutions, share, peakBytes } of [found.train, found.sample]) {
    expect(time.median).toBeGreaterThan(0);
    expect(imagesPerSecond).toBeCloseTo(4 / time.median, 6);
    expect(gflopPerSecond).toBeGreaterThan(0);
    expect(share).toBeCloseTo(convolutions.median / time.median, 6);
    expect(peakBytes).toBeGreaterThan(100e6); // TensorFlow alone takes more
  }
  // Training counts as three evaluations of four pictures, drawing is three of them: the same work in all.
  expect(found.train.gflopPerSecond * found.train.time.median).toBeCloseTo(
    found.sample.gflopPerSecond * found.sample.time.median,
    9,
  );
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(shares.at(-1)).toBe(1);
});

test('micro-batches are measured beside the batch at once and a batch of their size', async () => {
  const cut = { ...subject, config: { ...subject.config, training: { ...subject.config.training, microBatch: 2 } } };
  const found = await measureParts(cut, 1, once, () => undefined);
  expect(found).toMatchObject({ batch: 4, microBatch: 2 });
  expect(found.cut.imagesPerSecond).toBeCloseTo(4 / found.cut.time.median, 6);
  expect(found.alone.imagesPerSecond).toBeCloseTo(2 / found.alone.time.median, 6);
  expect(found.speedRatio).toBeCloseTo(found.cut.imagesPerSecond / found.whole!.imagesPerSecond, 6);
  expect(found.peakRatio).toBeCloseTo(found.cut.peakBytes / found.alone.peakBytes, 6);
});

test('devices that share a batch are measured beside the same batch on one', async () => {
  const found = await measureDevices({ ...subject, devices: ['cpu:0', 'cpu:1'] }, 2, once, () => undefined);
  expect(found).toMatchObject({ batch: 4, devices: ['cpu:0', 'cpu:1'], device: 'CPU, 2 threads in 2 parts' });
  expect(found.shared.imagesPerSecond).toBeCloseTo(4 / found.shared.time.median, 6);
  expect(found.speedRatio).toBeCloseTo(found.shared.imagesPerSecond / found.alone.imagesPerSecond, 6);
  await expect(measureDevices({ ...subject, devices: ['gpu:97', 'gpu:98'] }, 2, once, () => undefined)).rejects.toThrow(
    /There is no gpu:97/,
  );
});

/** Highest resident memory of a process that takes two steps, bytes. */
async function peakOf(batchSize: number, microBatch: number | null): Promise<number> {
  const config = { ...demo, training: { ...demo.training, batchSize, microBatch } };
  const worker = await startWorker({ config, shape: { resolution: 32, channels: 3, labelDim: 10 } }, 1);
  try {
    await worker.run('train');
    await worker.run('train');
    return worker.peakBytes;
  } finally {
    await worker.close();
  }
}

test('a batch of 64 in micro-batches of 4 takes the memory of a batch of 4 and of one gradient, within a tenth', async () => {
  const { total } = countParameters(planNetwork(demo.network, { resolution: 32, channels: 3, labelDim: 10 }));
  const [alone, cut] = [await peakOf(4, null), await peakOf(64, 4)];
  expect(cut).toBeLessThan(1.1 * (alone + 4 * total));
  expect(cut).toBeGreaterThan(0.9 * alone);
});

test('a process that cannot measure what it is told says why', async () => {
  const { config, shape } = subject;
  const worker = await startWorker({ config, shape: { ...shape, resolution: 7 } }, 1);
  await expect(worker.run('train')).rejects.toThrow('choose fewer levels (channelMult)');
});
