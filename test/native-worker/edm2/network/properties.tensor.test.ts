import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rungs } from '../../../../contract/ladder.ts';
import type { RungName } from '../../../../contract/ladder.ts';
import { oneHot } from '../../../../native-worker/edm2/tensors/layout.ts';
import { mpCat, mpSilu, mpSum } from '../../../../native-worker/edm2/network/fixed-functions.ts';
import { pixelNorm } from '../../../../native-worker/edm2/network/normalize.ts';
import { ready, type Network } from '../../../../native-worker/edm2/network/network.ts';
import { denoise } from '../../../../native-worker/edm2/network/precondition.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { mpConv2d, mpLinear, normal, relativeDifference, rmsOf, tinyNetwork, tinyPlan } from '../support.ts';
import type { Tensor4D } from '../support.ts';

/** Every number of channels of the paper's sizes XS to XXL and of our small presets. */
const widths = [
  ...new Set([32, 64, 128, 192, 256, 320, 384, 448].flatMap((base) => [1, 2, 3, 4].map((mult) => base * mult))),
].sort((a, b) => a - b);

test.each(widths)('layers of %i channels preserve the magnitude of random input', (width) => {
  tf.tidy(() => {
    const seed = width;
    const x = normal([4, 8, 8, width], seed) as Tensor4D;
    // Away from the border, where zero padding takes away. 2304 outputs of 16 filters: the rms strays by some 0.02.
    const inside = (y: Tensor4D): Tensor4D => tf.slice(y, [0, 1, 1, 0], [4, 6, 6, -1]);
    const filters = (size: number): Tensor4D => normal([size, size, width, 16], seed + 1, 3) as Tensor4D;
    expect(rmsOf(inside(mpConv2d(x, filters(3))))).toBeCloseTo(1, 0.7);
    expect(rmsOf(inside(mpConv2d(x, filters(1))))).toBeCloseTo(1, 0.7);
    const y = mpLinear(normal([64, width], seed + 2), normal([width, 64], seed + 3, 0.2));
    expect(rmsOf(y)).toBeCloseTo(1, 0.7);
    expect(rmsOf(pixelNorm(tf.mul(x, 5)))).toBeCloseTo(1, 3);
    expect(rmsOf(mpSilu(x))).toBeCloseTo(1, 1);
  });
});

const channels = fc.integer({ min: 1, max: 64 });
const seeds = fc.integer({ min: 0, max: 1e6 });

test('any sum and any concatenation of unit parts has unit magnitude', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 0.99, noNaN: true }), channels, channels, seeds, (t, na, nb, seed) => {
      tf.tidy(() => {
        const a = normal([4, 16, 16, na], seed) as Tensor4D;
        const b = normal([4, 16, 16, nb], seed + 1) as Tensor4D;
        // At least 1024 numbers each: the mean square strays by at most some 0.04.
        expect(Math.abs(rmsOf(mpCat(a, b, t)) - 1)).toBeLessThan(0.12);
        expect(Math.abs(rmsOf(mpSum(a, normal(a.shape, seed + 2) as Tensor4D, t)) - 1)).toBeLessThan(0.12);
      });
    }),
    { numRuns: 60, seed: 1 },
  );
});

const x = normal([4, 8, 8, 3], 10) as Tensor4D;
const sigma = tf.tensor1d([0.05, 0.5, 5, 80]);
const labels = oneHot([0, 1, 2, 3], 4);

test.each<RungName>(['D', 'E', 'F', 'G'])('no weight of config %s can change the output by its scale', (rung) => {
  const network: Network = tinyNetwork(tinyPlan({ switches: rungs[rung].switches }));
  const before = denoise(ready(network), x, sigma, labels);
  const weights = network.plan.parameters.filter(({ role }) => role === 'weight').map(({ name }) => name);
  fc.assert(
    fc.property(fc.constantFrom(...weights), fc.double({ min: 0.3, max: 300, noNaN: true }), (name, scale) => {
      const change = tf.tidy(() => {
        const parameters = { ...network.parameters, [name]: tf.mul(network.parameters[name]!, scale) };
        return relativeDifference(denoise(ready({ ...network, parameters }), x, sigma, labels), before);
      });
      expect(change, `${name} times ${scale}`).toBeLessThan(2e-3); // ε is 1e-4 of a unit weight, 3e-4 of a third of it
    }),
    { numRuns: 60, seed: 2 },
  );
});
