import { expect, test } from 'vitest';
import { groupNorm, groupNormWithoutMean } from '../../../../native-worker/edm2/network/group-norm.ts';
import { modulate } from '../../../../native-worker/edm2/network/block.ts';
import { positionalFeatures } from '../../../../native-worker/edm2/network/embedding.ts';
import { attend } from '../../../../native-worker/edm2/network/attention.ts';
import { finiteOrClamped } from '../../../../native-worker/edm2/training/adam.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { normal, relativeDifference, rmsOf } from '../support.ts';
import type { Tensor, Tensor4D } from '../support.ts';

// 16 channels fall into 4 groups of 4, 256 into 32 groups of 8.
const x = tf.add<Tensor4D>(normal([2, 4, 4, 16], 1, 3), 5);

/** The group's numbers: all pixels of picture `n`, channels 4g to 4g + 3. */
function group(y: Tensor, n: number, g: number): Tensor {
  return tf.slice(y, [n, 0, 0, 4 * g], [1, 4, 4, 4]);
}

test('without mean, a group comes out with root mean square 1, and its mean stays where it was in proportion', () => {
  const y = groupNormWithoutMean(x);
  for (const [n, g] of [
    [0, 0],
    [1, 3],
  ] as const) {
    expect(rmsOf(group(y, n, g))).toBeCloseTo(1, 4);
    const scale = 1 / (rmsOf(group(x, n, g)) + 1e-4);
    expect(relativeDifference(group(y, n, g), tf.mul(group(x, n, g), scale))).toBeLessThan(1e-6);
  }
});

test('with mean, a group comes out with mean 0 and variance 1, then scaled and shifted channel by channel', () => {
  const y = groupNorm(x, tf.ones([16]), tf.zeros([16]));
  const { mean, variance } = tf.moments(group(y, 1, 2));
  expect(mean.dataSync()[0]).toBeCloseTo(0, 5);
  expect(variance.dataSync()[0]).toBeCloseTo(1, 4);
  const scale = normal([16], 2) as ReturnType<typeof tf.tensor1d>;
  const shift = normal([16], 3) as typeof scale;
  expect(relativeDifference(groupNorm(x, scale, shift), tf.add(tf.mul(y, scale), shift))).toBeLessThan(1e-6);
});

test('256 channels fall into 32 groups', () => {
  const wide = normal([1, 2, 2, 256], 4) as Tensor4D;
  const y = groupNormWithoutMean(wide);
  expect(rmsOf(tf.slice(y, [0, 0, 0, 248], [1, 2, 2, 8]))).toBeCloseTo(1, 3);
  expect(rmsOf(tf.slice(y, [0, 0, 0, 0], [1, 2, 2, 4]))).not.toBeCloseTo(1, 3);
});

test.each<[string, (value: Tensor) => Tensor]>([
  ['with mean', (value) => groupNorm(value as Tensor4D, tf.linspace(0.5, 2, 16), tf.linspace(-1, 1, 16))],
  ['without mean', (value) => groupNormWithoutMean(value as Tensor4D)],
])('the gradient of the group norm %s equals finite differences', (_name, f) => {
  const r = normal(x.shape, 5);
  const direction = normal(x.shape, 6);
  const at = (by: number): number => tf.sum(tf.mul(f(tf.add(x, tf.mul(direction, by))), r)).dataSync()[0]!;
  const slope = (at(1e-2) - at(-1e-2)) / 2e-2;
  expect(tf.sum(tf.mul(tf.grad(f)(x, r), direction)).dataSync()[0]).toBeCloseTo(slope, 1.5);
});

test('modulation takes the first half of a condition as scales and the second as shifts', () => {
  const y = tf.ones<Tensor4D['rankType']>([2, 1, 1, 2]);
  const shifted = modulate(y, tf.tensor4d([2, 3, 30, 40, 1, 1, 0, 0], [2, 1, 1, 4]));
  expect([...shifted.dataSync()]).toEqual([32, 43, 1, 1]);
  expect([...modulate(y, tf.tensor4d([2, 3], [1, 1, 1, 2])).dataSync()]).toEqual([2, 3, 2, 3]);
});

test('positional features are cosines, then sines, of frequencies from 1 down', () => {
  const features = [...positionalFeatures(tf.tensor1d([0.7]), 4).dataSync()];
  const expected = [Math.cos(0.7), Math.cos(0.007), Math.sin(0.7), Math.sin(0.007)];
  features.forEach((value, index) => expect(value).toBeCloseTo(expected[index]!, 6));
});

test('plain attention takes queries, keys and values as they are: large ones pick one pixel', () => {
  // One head of 2 channels, 2 pixels: [q | k | v]. Logits are q·k / sqrt(2).
  const qkv = tf.tensor4d([2, 0, 3, 0, 10, 20, 0, 0, 0, 3, 30, 40], [1, 1, 2, 6]);
  const [a, b, c, d] = attend(qkv, 1, false).dataSync() as unknown as [number, number, number, number];
  const first = 1 / (1 + Math.exp(-6 / Math.SQRT2)); // the second query is 0 and takes the mean
  expect(a).toBeCloseTo(10 * first + 30 * (1 - first), 4);
  expect(b).toBeCloseTo(20 * first + 40 * (1 - first), 4);
  expect([c, d]).toEqual([20, 30]);
});

test('gradients that are not finite become 0 or ±1e5 in config A, and large ones stay', () => {
  const values = finiteOrClamped(tf.tensor1d([NaN, Infinity, -Infinity, 3e7, -2])).dataSync();
  expect([...values]).toEqual([0, 1e5, -1e5, 3e7, -2]);
});
