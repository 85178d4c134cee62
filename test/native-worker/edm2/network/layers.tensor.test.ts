import type { Rank, Tensor1D } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { mpCat, mpSilu, mpSum } from '../../../../native-worker/edm2/network/fixed-functions.ts';
import { mpFourier } from '../../../../native-worker/edm2/network/embedding.ts';
import { normalize, pixelNorm } from '../../../../native-worker/edm2/network/normalize.ts';
import { resample } from '../../../../native-worker/edm2/network/resample.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { forced } from '../../../../native-worker/reference/parameters.ts';
import { gradientOf, mpConv2d, mpLinear, normal, relativeDifference, rmsOf } from '../support.ts';
import type { Tensor, Tensor4D } from '../support.ts';

test('the weight [3, 4] is used as [0.599983, 0.799977], with the gradient that LADDER computes by hand', () => {
  const w = tf.tensor2d([3, 4], [2, 1]);
  const unit = (x: Tensor): Tensor => normalize(x, [0], 1 / Math.sqrt(2));
  const [y, g] = [unit(w).dataSync(), gradientOf(unit, w, tf.tensor2d([1, 0], [2, 1])).dataSync()];
  [0.599983, 0.799977].forEach((value, i) => expect(y[i]).toBeCloseTo(value, 6));
  [0.127998, -0.095995].forEach((value, i) => expect(g[i]).toBeCloseTo(value, 6));
});

// The written-out gradients and the automatic ones of the plain formulas differ only by rounding, some 1e-7.
const plain: [string, number[], (x: Tensor) => Tensor, (x: Tensor) => Tensor][] = [
  ['normalize', [3, 3, 5, 6], (x) => normalize(x, [0, 1, 2], 2), (x) => tf.mul(2, tf.div(x, tf.add(1e-4, tf.sqrt(tf.mean(tf.square(x), [0, 1, 2], true)))))],
  ['pixelNorm', [2, 4, 4, 6], (x) => pixelNorm(x), (x) => tf.div(x, tf.add(1e-4, tf.sqrt(tf.mean(tf.square(x), 3, true))))],
  ['mpSilu', [2, 4, 4, 6], (x) => mpSilu(x), (x) => tf.div(tf.mul(x, tf.sigmoid(x)), 0.596)],
  ['resample down', [2, 4, 6, 3], (x) => resample(x as Tensor4D, 'down'), (x) => tf.mean(tf.reshape(x, [2, 2, 2, 3, 2, 3]), [2, 4])],
  ['resample up', [2, 4, 6, 3], (x) => resample(x as Tensor4D, 'up'), (x) => tf.image.resizeNearestNeighbor(x as Tensor4D, [8, 12])],
]; // prettier-ignore

test.each(plain)('%s and its gradient equal the plain formula', (_name, shape, ours, formula) => {
  const x = normal(shape, 1, 2);
  const r = normal(ours(x).shape, 2);
  expect(relativeDifference(ours(x), formula(x))).toBeLessThan(1e-6);
  expect(relativeDifference(gradientOf(ours, x, r), gradientOf(formula, x, r))).toBeLessThan(2e-6);
});

test('a zero vector stays zero and passes the gradient on, divided by epsilon', () => {
  const x = tf.zeros([2, 3]);
  expect([...pixelNorm(x).dataSync()]).toEqual([0, 0, 0, 0, 0, 0]);
  const gradient = gradientOf((x) => pixelNorm(x), x, tf.ones([2, 3])).dataSync();
  gradient.forEach((value) => expect(value).toBeCloseTo(1e4, 0));
});

test.each([4, 32, 192, 768])('a layer of %d inputs preserves magnitude, whatever the scale of its weight', (width) => {
  for (const scale of [0.01, 1, 100]) {
    const y = mpLinear(normal([256, width], 1), normal([width, 64], 2, scale));
    // 16,384 outputs that share 64 filters: the mean square strays by some 2 % at the narrowest.
    expect(rmsOf(y)).toBeCloseTo(1, 1);
  }
  const y = mpConv2d(normal([4, 16, 16, width], 3) as Tensor4D, normal([3, 3, width, 8], 4));
  // Zero padding takes 4 · 16 · 3 / 9 of 256 pixels' input away at the border, which is 8 %.
  expect(rmsOf(y)).toBeGreaterThan(0.9);
  expect(rmsOf(y)).toBeLessThan(1.05);
});

test('the output does not depend on the scale of a weight, and the gradient is tangent to it', () => {
  const x = normal([2, 6, 6, 5], 1) as Tensor4D;
  const w = normal([3, 3, 5, 7], 2);
  // Only epsilon tells scales apart: 1e-4 of the smaller magnitude.
  expect(relativeDifference(mpConv2d(x, tf.mul(w, 10)), mpConv2d(x, w))).toBeLessThan(2e-4);
  const gradient = gradientOf((w) => mpConv2d(x, w), w, normal([2, 6, 6, 7], 3));
  const product = tf.abs(tf.sum(tf.mul(w, gradient), [0, 1, 2]));
  const lengths = tf.mul(tf.norm(tf.reshape(w, [45, 7]), 2, 0), tf.norm(tf.reshape(gradient, [45, 7]), 2, 0));
  expect(tf.max(tf.div(product, lengths)).dataSync()[0]).toBeLessThan(1e-4);
});

test('forced normalisation gives every output unit magnitude 0.9999 and leaves gains alone', () => {
  const weight = normal([3, 3, 8, 5], 1, 7);
  const once = forced({ 'a.weight': weight, 'a.emb_gain': tf.scalar(3) });
  const magnitudes = tf.sqrt(tf.mean(tf.square(once['a.weight']!), [0, 1, 2])).dataSync();
  magnitudes.forEach((magnitude) => expect(magnitude).toBeCloseTo(7 / (7 + 1e-4), 4));
  expect(once['a.emb_gain']!.dataSync()[0]).toBe(3);
  const settled = forced(forced(once))['a.weight']!;
  expect(rmsOf(settled)).toBeCloseTo(0.9999, 6);
});

test.each([0, 0.3, 0.5, 1])('sums and concatenations at t = %f preserve magnitude', (t) => {
  const [a, b] = [normal([8, 8, 8, 24], 1) as Tensor4D, normal([8, 8, 8, 24], 2) as Tensor4D];
  expect(rmsOf(mpSum(a, b, t))).toBeCloseTo(1, 1); // 12,288 numbers: strays by 0.01
  if (t > 0 && t < 1) expect(rmsOf(mpCat(a, tf.slice(b, [0, 0, 0, 0], [8, 8, 8, 8]), t))).toBeCloseTo(1, 1);
});

test('the factors of MP-Sum and MP-Cat are LADDER’s', () => {
  const [one, zero] = [tf.ones<Rank.R4>([1, 1, 1, 384]), tf.zeros<Rank.R4>([1, 1, 1, 384])];
  expect(mpSum(one, zero, 0.3).dataSync()[0]).toBeCloseTo(0.919145, 6);
  expect(mpSum(zero, one, 0.3).dataSync()[0]).toBeCloseTo(0.393919, 6);
  const joined = mpCat(one, tf.ones<Rank.R4>([1, 1, 1, 192]), 0.5).dataSync();
  expect(joined[0]).toBeCloseTo(0.866025, 6);
  expect(joined[384]).toBeCloseTo(1.224745, 6);
});

test('MP-SiLU and Fourier features of unit input have unit magnitude', () => {
  expect(rmsOf(mpSilu(normal([1_000_000], 1)))).toBeCloseTo(1, 2);
  const freqs = tf.mul<Tensor1D>(normal([2000], 2), 2 * Math.PI);
  const features = mpFourier(tf.linspace(-1.5, 1.1, 50), freqs, tf.linspace(0, 2 * Math.PI, 2000));
  expect(rmsOf(features)).toBeCloseTo(1, 1);
});
