import type { Rank } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { guided, heunSample, samplerSigmas } from '../../../../native-worker/edm2/sampling/heun.ts';
import type { Denoiser } from '../../../../native-worker/edm2/sampling/heun.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { normal, relativeDifference } from '../support.ts';
import type { Tensor4D } from '../support.ts';

const settings = { steps: 8, sigmaMin: 0.002, sigmaMax: 80, rho: 7 };
const noise = normal([2, 4, 4, 3], 1) as Tensor4D;

test('eight steps pass through the noise levels of LADDER', () => {
  const expected = [80, 34.992189, 13.698575, 4.637075, 1.286614, 0.267475, 0.035187, 0.002, 0];
  samplerSigmas(settings).forEach((sigma, index) => expect(sigma).toBeCloseTo(expected[index]!, 6));
});

test('N steps evaluate the network 2N − 1 times', () => {
  let evaluations = 0;
  heunSample((x) => ((evaluations += 1), tf.mul(x, 0.5)), noise, samplerSigmas(settings));
  expect(evaluations).toBe(15);
});

test('pictures of deviation s come out of the ideal denoiser with that deviation', () => {
  // For x ~ N(0, s² + σ²) the ideal denoiser is x · s²/(s² + σ²), and the exact solution ends at noise · s.
  const s = 0.5;
  const ideal: Denoiser = (x, sigma) => tf.mul(x, tf.div(s * s, tf.add(s * s, tf.square(sigma))));
  const x = heunSample(ideal, noise, samplerSigmas({ ...settings, steps: 64 }))!;
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

test('sampling stops when it is told to, and leaks nothing', () => {
  const before = tf.memory().numTensors;
  const steps: number[] = [];
  const result = heunSample(
    (x) => tf.mul(x, 0.5),
    noise,
    samplerSigmas(settings),
    (step) => {
      steps.push(step);
      return step < 2;
    },
  );
  expect(result).toBeNull();
  expect(steps).toEqual([0, 1, 2]);
  expect(tf.memory().numTensors).toBe(before);
});
