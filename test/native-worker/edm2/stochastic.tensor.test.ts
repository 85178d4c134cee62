import { expect, test } from 'vitest';
import { ChurnConfig, SamplerConfig } from '../../../contract/training.ts';
import { heunStep, samplerSigmas } from '../../../native-worker/edm2/heun.ts';
import type { Denoiser } from '../../../native-worker/edm2/heun.ts';
import { churnedLevel, stochasticStep } from '../../../native-worker/edm2/stochastic.ts';
import { tf } from '../../../native-worker/engine/tensorflow.ts';
import { normal, relativeDifference, rmsOf } from './support.ts';
import type { Tensor4D } from './support.ts';

/** The exact denoiser of data that are normal with deviation 0.5. */
const denoiser: Denoiser = (x, sigma) => tf.tidy(() => tf.mul(x, tf.div(0.25, tf.add(tf.square(sigma), 0.25))));

test('churn raises levels between S_min and S_max by S_churn/N, at most by sqrt(2) − 1', () => {
  const churn = ChurnConfig.parse({ amount: 40, min: 0.05, max: 50 });
  expect(churnedLevel(churn, 1, 256)).toBeCloseTo(1 + 40 / 256, 12);
  expect(churnedLevel(churn, 1, 32)).toBeCloseTo(Math.SQRT2, 12);
  expect(churnedLevel(churn, 0.04, 256)).toBe(0.04);
  expect(churnedLevel(churn, 51, 256)).toBe(51);
});

test('without churn a step is the deterministic one and draws nothing', () => {
  const x = normal([2, 4, 4, 3], 1) as Tensor4D;
  const churn = ChurnConfig.parse({ amount: 0 });
  const refuse = (): Tensor4D => {
    throw new Error('drew noise');
  };
  const y = stochasticStep(denoiser, x, 2, 1, churn, 18, refuse);
  expect(relativeDifference(y, heunStep(denoiser, x, 2, 1))).toBe(0);
});

test('noise is added so that the variance at the higher level is right', () => {
  const x = tf.zeros<Tensor4D['rankType']>([4, 32, 32, 8]);
  const seen: number[] = [];
  const spy: Denoiser = (at, sigma) => {
    seen.push(rmsOf(at), sigma.dataSync()[0]!);
    return denoiser(at, sigma);
  };
  const churn = ChurnConfig.parse({ amount: 18 * 0.25, noise: 1.003 });
  stochasticStep(spy, x, 2, 1, churn, 18, () => normal([4, 32, 32, 8], 3) as Tensor4D);
  expect(seen[0]).toBeCloseTo(Math.sqrt(2.5 ** 2 - 2 ** 2) * 1.003, 1); // 32,768 draws: strays by 0.006
  expect(seen[1]).toBeCloseTo(2.5, 6);
});

test.each([0, 10, 1000])('samples of normal data have its deviation, whatever the churn (%i)', (amount) => {
  const sigmas = samplerSigmas(SamplerConfig.parse({ steps: 64 }));
  const churn = ChurnConfig.parse({ amount });
  let x = tf.mul<Tensor4D>(normal([4, 16, 16, 4], 1), sigmas[0]!);
  for (let step = 0; step < 64; step++) {
    const fresh = (): Tensor4D => normal([4, 16, 16, 4], 10 + step) as Tensor4D;
    x = stochasticStep(denoiser, x, sigmas[step]!, sigmas[step + 1]!, churn, 64, fresh);
  }
  expect(rmsOf(x)).toBeCloseTo(0.5, 1.6); // 4,096 numbers stray by 0.006, the steps' error is below 0.01
});
