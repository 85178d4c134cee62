import type { Rank } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { ChurnConfig, SamplerConfig } from '../../../../contract/training.ts';
import { advance, beginSampling } from '../../../../native-worker/edm2/sampling/heun.ts';
import type { Denoiser } from '../../../../native-worker/edm2/sampling/heun.ts';
import { addNoise, churnedLevel, samplerSteps } from '../../../../native-worker/edm2/sampling/stochastic.ts';
import type { SamplerStep } from '../../../../native-worker/edm2/sampling/stochastic.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { normal, relativeDifference, rmsOf } from '../support.ts';
import type { Tensor4D } from '../support.ts';

/** The exact denoiser of data that are normal with deviation 0.5. */
const denoiser: Denoiser = (x, sigma) => tf.tidy(() => tf.mul(x, tf.div(0.25, tf.add(tf.square(sigma), 0.25))));

test('churn raises levels between S_min and S_max by S_churn/N, at most by sqrt(2) − 1', () => {
  const churn = ChurnConfig.parse({ amount: 40, min: 0.05, max: 50 });
  expect(churnedLevel(churn, 1, 256)).toBeCloseTo(1 + 40 / 256, 12);
  expect(churnedLevel(churn, 1, 32)).toBeCloseTo(Math.SQRT2, 12);
  expect(churnedLevel(churn, 0.04, 256)).toBe(0.04);
  expect(churnedLevel(churn, 51, 256)).toBe(51);
});

test('churn of amount 0 adds nothing and changes no level', () => {
  const sampler = SamplerConfig.parse({ steps: 18 });
  expect(samplerSteps({ ...sampler, churn: ChurnConfig.parse({ amount: 0 }) })).toEqual(samplerSteps(sampler));
});

test('noise is added so that the variance at the higher level is right', () => {
  const sampler = {
    ...SamplerConfig.parse({ steps: 18 }),
    churn: ChurnConfig.parse({ amount: 18 * 0.25, noise: 1.003 }),
  };
  const [{ added, stages }] = samplerSteps(sampler) as [SamplerStep];
  const level = stages[0]!.sigma;
  expect(level).toBeCloseTo(80 * 1.25, 9);
  expect(added).toBeCloseTo(Math.sqrt(level ** 2 - 80 ** 2) * 1.003, 9);
  const state = beginSampling(tf.zeros<Rank.R4>([4, 32, 32, 8]), 80);
  const raised = addNoise(state, normal([4, 32, 32, 8], 3) as Tensor4D, added);
  expect(rmsOf(raised.start) / added).toBeCloseTo(1, 1.5); // 32,768 draws: strays by 0.004
  expect(relativeDifference(raised.at, raised.start)).toBe(0);
});

test.each([0, 10, 1000])('samples of normal data have its deviation, whatever the churn (%i)', (amount) => {
  const sampler = SamplerConfig.parse({ steps: 64, churn: { amount } });
  let state = beginSampling(normal([4, 16, 16, 4], 1) as Tensor4D, sampler.sigmaMax);
  for (const [index, { added, stages }] of samplerSteps(sampler).entries()) {
    if (added > 0) state = addNoise(state, normal([4, 16, 16, 4], 10 + index) as Tensor4D, added);
    for (const stage of stages) state = advance(denoiser, state, stage);
  }
  expect(rmsOf(state.start)).toBeCloseTo(0.5, 1.6); // 4,096 numbers stray by 0.006, the steps' error is below 0.01
});
