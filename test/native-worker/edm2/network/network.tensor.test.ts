import { expect, test } from 'vitest';
import { attend } from '../../../../native-worker/edm2/network/attention.ts';
import { conv2d } from '../../../../native-worker/edm2/network/layers.ts';
import { ready, type Network } from '../../../../native-worker/edm2/network/network.ts';
import { dropout } from '../../../../native-worker/edm2/network/block.ts';
import { elementLoss } from '../../../../native-worker/edm2/training/loss.ts';
import { denoise, logVariance } from '../../../../native-worker/edm2/network/precondition.ts';
import { initialNetwork } from '../../../../native-worker/edm2/training/state.ts';
import { oneHot } from '../../../../native-worker/edm2/tensors/layout.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { inUseOf, mpConv2d, normal, relativeDifference, rmsOf, source, tinyNetwork, tinyPlan } from '../support.ts';
import type { Tensor, Tensor4D } from '../support.ts';

const x = normal([4, 8, 8, 3], 10) as Tensor4D;
const sigma = tf.tensor1d([0.05, 0.5, 5, 80]);
const labels = oneHot([0, 1, 2, 3], 4);

test('an untrained network denoises to c_skip · x', () => {
  const plan = tinyPlan();
  const network = initialNetwork(plan, source(1));
  const cSkip = tf.tensor4d([0.990099, 0.5, 0.009901, 0.000039], [4, 1, 1, 1]);
  expect(relativeDifference(denoise(ready(network), x, sigma, labels), tf.mul(x, cSkip))).toBeLessThan(1e-6);
});

test('an untrained network has a weighted loss of 1 at every noise level, on data of mean 0 and deviation 0.5', () => {
  const plan = tinyPlan({}, { resolution: 32 });
  const network = initialNetwork(plan, source(1));
  const clean = normal([4, 32, 32, 3], 1, 0.5) as Tensor4D;
  const noisy = tf.add<Tensor4D>(clean, tf.mul(normal([4, 32, 32, 3], 2), tf.reshape(sigma, [4, 1, 1, 1])));
  const denoised = denoise(ready(network), noisy, sigma, labels);
  const loss = tf.mean(elementLoss(denoised, clean, sigma, tf.zeros([4, 1, 1, 1]), 0.5), [1, 2, 3]).dataSync();
  loss.forEach((value) => expect(value).toBeCloseTo(1, 0.8)); // 3,072 elements: strays by 0.03
});

test('the output does not depend on the scale of any weight', () => {
  const network = tinyNetwork();
  const scaled = Object.fromEntries(
    Object.entries(network.parameters).map(([name, value]) => [
      name,
      name.endsWith('.weight') ? tf.mul(value, 5) : value,
    ]),
  );
  const [a, b] = [network, { ...network, parameters: scaled }].map((n) => denoise(ready(n), x, sigma, labels)) as [
    Tensor,
    Tensor,
  ];
  expect(relativeDifference(b, a)).toBeLessThan(1e-3); // epsilon is 1e-4 of a weight, over some ten layers
});

test('block outputs start with magnitudes between 0.6 and 1.1', () => {
  const plan = tinyPlan({ modelChannels: 32 }, { resolution: 16 });
  const network = initialNetwork(plan, source(3));
  const seen = new Map<string, number>();
  const observe = (name: string, output: Tensor): void => void seen.set(name, rmsOf(output));
  const pictures = normal([8, 16, 16, 3], 4) as Tensor4D;
  denoise(ready(network), pictures, tf.fill([8], 1), null, { observe });
  for (const { name } of [...plan.encoder, ...plan.decoder]) {
    expect(seen.get(name), name).toBeGreaterThan(0.6);
    expect(seen.get(name), name).toBeLessThan(1.1);
  }
});

test('gradients of a whole tiny network equal finite differences', () => {
  const network = tinyNetwork();
  const r = normal([4, 8, 8, 3], 20);
  const f = (n: Network): Tensor =>
    tf.tidy(() => tf.add(tf.sum(tf.mul(denoise(ready(n), x, sigma, labels), r)), tf.sum(logVariance(ready(n), sigma))));
  const names = Object.keys(network.parameters);
  const { grads } = tf.valueAndGrads(() => f(network) as never)(Object.values(network.parameters));
  for (const [index, name] of names.entries()) {
    const value = network.parameters[name]!;
    const direction = normal(value.shape, 30 + index);
    const step = 1e-2;
    const moved = (by: number): number =>
      f({
        ...network,
        parameters: { ...network.parameters, [name]: tf.add(value, tf.mul(direction, by)) },
      }).dataSync()[0]!;
    const slope = (moved(step) - moved(-step)) / (2 * step);
    const analytic = tf.sum(tf.mul(grads[index]!, direction)).dataSync()[0]!;
    // float32 sums of some 10 to 100 leave 1e-5 / step, and the curvature is of the order of step².
    expect(Math.abs(slope - analytic), name).toBeLessThan(0.02 + 0.02 * Math.abs(analytic));
  }
});

test('one noise level for all pictures is the same as that level for each', () => {
  const network = tinyNetwork();
  const one = denoise(ready(network), x, tf.tensor1d([0.7]), labels);
  expect(relativeDifference(one, denoise(ready(network), x, tf.fill([4], 0.7), labels))).toBeLessThan(1e-6);
});

test('attention equals softmax of scaled cosines, with q, k and v interleaved in the stored weight', () => {
  const [heads, channels] = [2, 4];
  const input = normal([1, 2, 3, 8], 1) as Tensor4D;
  const weight = normal([1, 1, 8, 24], 2) as Tensor4D;
  const ours = attend(conv2d(input, inUseOf('qkv', weight)['layer.weight'] as Tensor4D), heads)
    .arraySync()[0]!
    .flat();
  const plain = mpConv2d(input, weight).arraySync()[0]!.flat();
  const unit = (v: number[]): number[] => {
    const rms = Math.sqrt(v.reduce((sum, a) => sum + a * a, 0) / v.length);
    return v.map((a) => a / (rms + 1e-4));
  };
  for (let head = 0; head < heads; head++) {
    const part = (kind: number): number[][] =>
      plain.map((pixel) => unit(Array.from({ length: channels }, (_, c) => pixel[(head * channels + c) * 3 + kind]!)));
    const [q, k, v] = [part(0), part(1), part(2)];
    q.forEach((query, pixel) => {
      const weights = k.map((key) => Math.exp(key.reduce((sum, a, c) => sum + a * query[c]!, 0) / Math.sqrt(channels)));
      const total = weights.reduce((a, b) => a + b, 0);
      for (let c = 0; c < channels; c++) {
        const expected = weights.reduce((sum, w, other) => sum + (w / total) * v[other]![c]!, 0);
        expect(ours[pixel]![head * channels + c]).toBeCloseTo(expected, 5);
      }
    });
  }
});

test('dropout keeps the mean and drops the share it says', () => {
  const y = dropout(tf.ones([4, 32, 32, 8]), 0.25, source(1).uniform([4, 32, 32, 8], 'dropout'));
  const zeros = tf.mean(tf.cast(tf.equal(y, 0), 'float32')).dataSync()[0]!;
  expect(zeros).toBeCloseTo(0.25, 2); // 32,768 draws: strays by 0.0024
  expect(tf.max(y).dataSync()[0]).toBeCloseTo(4 / 3, 6);
});

test('pictures and labels that do not fit are refused', () => {
  const network = tinyNetwork();
  expect(() => denoise(ready(network), tf.zeros([1, 16, 16, 3]), sigma, null)).toThrow(
    /do not fit a network for 8×8×3/,
  );
  expect(() => denoise(ready(network), x, sigma, tf.zeros([4, 5]))).toThrow(/network of 4 classes/);
});
