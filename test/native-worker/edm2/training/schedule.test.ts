import { expect, test } from 'vitest';
import { learningRate } from '../../../../native-worker/edm2/training/schedule.ts';

const paperS = { batchSize: 2048, learningRate: 0.01, decayBatches: 70_000, rampUpImages: 10e6 };

test.each([
  [0, 0],
  [2048, 2.048e-6],
  [1e6, 0.001],
  [10e6, 0.01],
  [143.36e6, 0.01],
  [200e6, 0.0084664],
  [573.44e6, 0.005],
  [2 ** 31, 0.00258374],
])('size S at %d images learns at rate %f', (nimg, rate) => {
  expect(learningRate(nimg, paperS)).toBeCloseTo(rate, 8);
});

test('without decay and ramp-up the rate is constant', () => {
  const constant = { ...paperS, decayBatches: 0, rampUpImages: 0 };
  expect([0, 1, 1e9].map((nimg) => learningRate(nimg, constant))).toEqual([0.01, 0.01, 0.01]);
});
