import { expect, test } from 'vitest';
import { exponentialRate } from '../../../../native-worker/edm2/training/exponential-ema.ts';
import { sigmaRelFromGamma } from '../../../../contract/power-function.ts';
import { exponentialWidth } from '../../../../contract/ladder.ts';

const paper = { averageHalfLife: 50e6, averageRampUp: 0.05, batchSize: 4096 };

test('initial weights never count: the first rate is 1', () => {
  expect(exponentialRate(paper, 0)).toBe(1);
});

test('the half-life is 5 % of the images seen until that is 50 million, and 50 million from then on', () => {
  expect(1 - exponentialRate(paper, 1e6)).toBeCloseTo(0.5 ** (4096 / 50_000), 12);
  expect(1 - exponentialRate(paper, 2e9)).toBeCloseTo(0.5 ** (4096 / 50e6), 12);
});

test('a weight that jumps from 0 to 1 is averaged to one half after one half-life', () => {
  const constant = { averageHalfLife: 1000, averageRampUp: null, batchSize: 10 };
  let average = 0;
  for (let step = 0; step < 100; step++) average += exponentialRate(constant, 5000 + 10 * step) * (1 - average);
  expect(average).toBeCloseTo(0.5, 12);
});

test('while it ramps up it is a power function, so its width relative to the run stays the same', () => {
  const short = { averageHalfLife: 50e6, averageRampUp: 0.05 };
  const width = sigmaRelFromGamma(Math.LN2 / 0.05 - 1);
  expect(exponentialWidth({ ...short, durationImages: 1e6 })).toBeCloseTo(width, 4);
  // Standard deviation of the weights' times, tracked: average of t and of t².
  let [first, second] = [0, 0];
  const steps = 20_000;
  for (let step = 0; step < steps; step++) {
    const rate = exponentialRate({ ...short, batchSize: 1 }, step);
    first += rate * (step + 1 - first);
    second += rate * ((step + 1) ** 2 - second);
  }
  expect(Math.sqrt(second - first ** 2) / steps).toBeCloseTo(width, 3);
});
