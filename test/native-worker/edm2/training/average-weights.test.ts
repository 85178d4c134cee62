import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gammaFromSigmaRel } from '../../../../contract/power-function.ts';
import { TrainingConfig } from '../../../../contract/training.ts';
import { stepNumbers } from '../../../../native-worker/edm2/training/step-scalars.ts';

test('after n steps of any batch, the average weighs step k with (k/n)^(γ+1) − ((k−1)/n)^(γ+1)', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 0.28, noNaN: true }),
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 4096 }),
      (sigmaRel, steps, batchSize) => {
        const training = TrainingConfig.parse({ batchSize, durationImages: batchSize * steps, emaStds: [sigmaRel] });
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
