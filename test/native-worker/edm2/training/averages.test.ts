import fc from 'fast-check';
import { expect, test } from 'vitest';
import { exponentialWidth } from '../../../../contract/ladder.ts';
import { gammaFromSigmaRel, sigmaRelFromGamma } from '../../../../contract/power-function.ts';
import { TrainingConfig } from '../../../../contract/training.ts';
import { exponentialRate } from '../../../../native-worker/edm2/training/averages.ts';
import { stepNumbers } from '../../../../native-worker/edm2/training/schedule.ts';

test('after n steps of any batch, the average weighs step k with (k/n)^(γ+1) − ((k−1)/n)^(γ+1)', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 0.28, noNaN: true }),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 4096 }),
      (sigmaRel, steps, batchSize) => {
        const training = TrainingConfig.parse({ batchSize, durationImages: batchSize * steps, sigmaRels: [sigmaRel] });
        const weights: number[] = [];
        for (let k = 0; k < steps; k++) {
          const rate = stepNumbers(training, k * batchSize).averageRates[0]!;
          for (const [index, weight] of weights.entries()) weights[index] = weight * (1 - rate);
          weights.push(rate);
        }
        const power = gammaFromSigmaRel(sigmaRel) + 1;
        for (const [k, weight] of weights.entries()) {
          expect(weight).toBeCloseTo(((k + 1) / steps) ** power - (k / steps) ** power, 10);
        }
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12); // so initial weights count 0
      },
    ),
    { numRuns: 100, seed: 3 },
  );
});

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
