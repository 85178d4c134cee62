import { expect, test } from 'vitest';
import type { PerImage } from '../../../../native-worker/edm2/tensors/types.ts';
import { TickMeter } from '../../../../native-worker/jobs/training/tick.ts';

const told = (loss: number[]): PerImage<Float32Array> => ({
  loss: Float32Array.from(loss),
  error: Float32Array.from(loss, (value) => value + 1),
  sigma: Float32Array.from(loss, () => 0.5),
  u: Float32Array.from(loss, (value) => -value),
});

test('what a checkpoint keeps of a tick is of its moment, whatever comes before it is written', () => {
  const meter = new TickMeter();
  meter.add(0, told([1, 2]), 0.5);
  const kept = meter.partial();
  meter.add(2, told([3, 4]), 0.5);
  expect(kept).toEqual({ images: { loss: [1, 2], error: [2, 3], sigma: [0.5, 0.5], u: [-1, -2] }, seconds: 0.5 });
  // Gone on from there, the tick is what it was to be.
  const resumed = new TickMeter(kept);
  resumed.add(2, told([3, 4]), 0.5);
  expect(resumed.finish()).toEqual(meter.finish());
});

test('a tick says the means over its images, and begins anew', () => {
  const meter = new TickMeter();
  meter.add(0, told([1, 2]), 1);
  meter.add(2, told([6]), 1);
  const { summary, images } = meter.finish();
  expect(summary).toMatchObject({ loss: 3, weightedError: 4, imagesPerSecond: 1.5 });
  expect(images.u).toEqual([-1, -2, -6]);
  meter.add(3, told([8]), 1);
  expect(meter.finish().summary).toMatchObject({ loss: 8, lossStderr: null, weightedError: 9 });
});
