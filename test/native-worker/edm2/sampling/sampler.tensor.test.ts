import type { Rank } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { ChurnConfig, SamplerConfig } from '../../../../contract/training.ts';
import {
  addNoise,
  advance,
  beginSampling,
  churnedLevel,
  disposeSampling,
  guided,
  samplerSigmas,
  samplerSteps,
  type Denoiser,
  type SamplerStep,
} from '../../../../native-worker/edm2/sampling/sampler.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { normal, relativeDifference, rmsOf, type Tensor4D } from '../support.ts';

const settings = { steps: 8, sigmaMin: 0.002, sigmaMax: 80, rho: 7 };

const noise = normal([2, 4, 4, 3], 1) as Tensor4D;

/** Draws without fresh noise, op by op. */
function draw(denoise: Denoiser, steps: number): Tensor4D {
  const sampler = SamplerConfig.parse({ ...settings, steps });
  let state = beginSampling(noise, samplerSigmas(sampler)[0]!);
  for (const { stages } of samplerSteps(sampler)) {
    for (const stage of stages) state = advance(denoise, state, stage);
  }
  const pictures = state.start.clone();
  disposeSampling(state);
  return pictures;
}

test('eight steps pass through the noise levels of LADDER', () => {
  const expected = [80, 34.992189, 13.698575, 4.637075, 1.286614, 0.267475, 0.035187, 0.002, 0];
  samplerSigmas(settings).forEach((sigma, index) => expect(sigma).toBeCloseTo(expected[index]!, 6));
});

test('N steps evaluate the network 2N − 1 times', () => {
  let evaluations = 0;
  draw((x) => ((evaluations += 1), tf.mul(x, 0.5)), 8);
  expect(evaluations).toBe(15);
});

test('pictures of deviation s come out of the ideal denoiser with that deviation', () => {
  // For x ~ N(0, s² + σ²) the ideal denoiser is x · s²/(s² + σ²), and the exact solution ends at noise · s.
  const s = 0.5;
  const ideal: Denoiser = (x, sigma) => tf.mul(x, tf.div(s * s, tf.add(s * s, tf.square(sigma))));
  const x = draw(ideal, 64);
  expect(relativeDifference(x, tf.mul(noise, s))).toBeLessThan(0.01); // error of second order at 64 steps
});

test('guidance extrapolates from the guide, and at 1 the guide is not asked', () => {
  const main: Denoiser = (x) => tf.mul(x, 3);
  const guide: Denoiser = (x) => tf.mul(x, 2);
  const [x, sigma] = [tf.ones<Rank.R4>([1, 1, 1, 1]), tf.tensor1d([1])];
  expect(guided(main, guide, 2)(x, sigma).dataSync()[0]).toBeCloseTo(4, 6);
  expect(guided(main, guide, 0)(x, sigma).dataSync()[0]).toBeCloseTo(2, 6);
  const never: Denoiser = () => {
    throw new Error('the guide was evaluated');
  };
  expect(guided(main, never, 1)(x, sigma).dataSync()[0]).toBeCloseTo(3, 6);
});

test('drawing leaks nothing', () => {
  const before = tf.memory().numTensors;
  draw((x) => tf.mul(x, 0.5), 8).dispose();
  expect(tf.memory().numTensors).toBe(before);
});

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
