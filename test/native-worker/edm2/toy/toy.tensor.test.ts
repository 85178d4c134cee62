import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { TrainingConfig } from '../../../../contract/training.ts';
import { fractalTree } from '../../../../native-worker/edm2/toy/fractal-tree.ts';
import { blurredMixture, mixturePoints } from '../../../../native-worker/edm2/toy/gaussian-mixture.ts';
import { randomSource } from '../../../../native-worker/edm2/tensors/random.ts';
import { stepScalars } from '../../../../native-worker/edm2/training/schedule.ts';
import { denoiseToy, initialToy, readyToy, toyStacks, toyStep } from '../../../../native-worker/edm2/toy/network.ts';
import { rms } from '../../../../native-worker/edm2/network/normalize.ts';
import { stackUp, takeApart } from '../../../../native-worker/edm2/network/stacks.ts';
import type { Parameters, Stacks } from '../../../../native-worker/edm2/tensors/types.ts';
import { randomKernels } from '../../../../native-worker/engine/random.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';

const random = randomSource(randomKernels, 5, 0);
const WIDTH = 16;
const start = initialToy(WIDTH, 1, random);
const sigma = tf.tensor1d([0.01, 0.1, 0.5, 2]);
const x = random.normal([4, 1, 1, 2], 'x') as Tensor4D;

/** The network with gains that are not zero, so that every layer counts. */
const awake: Parameters = Object.fromEntries(
  Object.entries(takeApart(toyStacks(WIDTH), start.parameters)).map(([name, value]) => [
    name,
    name.endsWith('gain') ? tf.scalar(0.7) : value,
  ]),
);

function readyWith(parameters: Parameters): ReturnType<typeof readyToy> {
  return readyToy({ width: WIDTH, parameters: stackUp(toyStacks(WIDTH), parameters), buffers: start.buffers });
}

describe('the tree', () => {
  const tree = fractalTree();

  test('is centred, of unit weight, and of deviation 0.5 a coordinate', () => {
    const sum = (of: (k: number) => number): number =>
      Array.from(tree.phi, (phi, k) => phi * of(k)).reduce((a, b) => a + b, 0);
    expect(sum(() => 1)).toBeCloseTo(1, 12);
    expect(sum((k) => tree.mu[2 * k]!)).toBeCloseTo(0, 12);
    expect(sum((k) => tree.mu[2 * k + 1]!)).toBeCloseTo(0, 12);
    const variance = sum(
      (k) =>
        (tree.mu[2 * k]! ** 2 + tree.mu[2 * k + 1]! ** 2 + tree.covariance[4 * k]! + tree.covariance[4 * k + 3]!) / 2,
    );
    expect(Math.sqrt(variance)).toBeCloseTo(0.5, 12);
  });

  test('has covariances that are symmetric and positive', () => {
    for (let k = 0; k < tree.phi.length; k++) {
      const [a, b, c, d] = [0, 1, 2, 3].map((i) => tree.covariance[4 * k + i]!) as [number, number, number, number];
      expect(b).toBe(c);
      expect(a).toBeGreaterThan(0);
      expect(a * d - b * c).toBeGreaterThan(0);
    }
  });
});

test('points of a mixture have the moments of its components', () => {
  const mixture = { phi: [0.25, 0.75], mu: [1, 2, -1, 0], covariance: [0.04, 0.03, 0.03, 0.09, 0.01, 0, 0, 0.01] };
  const count = 40_000;
  const uniform = random.uniform([count], 'component').dataSync();
  const points = mixturePoints(mixture, uniform, random.normal([count, 2], 'place').dataSync());
  const first = Array.from({ length: count }, (_, n) => n).filter((n) => points[2 * n]! > 0); // the components are apart
  expect(first.length / count).toBeCloseTo(0.25, 2);
  const mean = (of: (n: number) => number): number => first.reduce((sum, n) => sum + of(n), 0) / first.length;
  const [dx, dy] = [(n: number): number => points[2 * n]! - 1, (n: number): number => points[2 * n + 1]! - 2];
  expect(mean(dx)).toBeCloseTo(0, 2);
  expect(mean((n) => dx(n) ** 2)).toBeCloseTo(0.04, 2);
  expect(mean((n) => dx(n) * dy(n))).toBeCloseTo(0.03, 2);
  expect(mean((n) => dy(n) ** 2)).toBeCloseTo(0.09, 2);
});

test('the density of one Gaussian is that of the formula, and its score points to the middle', () => {
  const { logDensity, score } = blurredMixture({ phi: [1], mu: [0, 0], covariance: [0.03, 0, 0, 0.03] }, [0.1, 0], 0.1);
  expect(logDensity[0]).toBeCloseTo(-0.01 / 0.08 - Math.log(2 * Math.PI * 0.04), 12);
  expect(score[0]).toBeCloseTo(-0.1 / 0.04, 12);
  expect(score[1]).toBeCloseTo(0, 12);
});

describe('the toy network', () => {
  test('denoises to c_skip · x before it has learned', () => {
    const d = denoiseToy(readyToy({ width: WIDTH, ...start }), x, sigma);
    const skip = tf.div(0.25, tf.add(tf.square(tf.reshape(sigma, [-1, 1, 1, 1])), 0.25));
    expect(rms(tf.sub(d, tf.mul(x, skip))).dataSync()[0]).toBe(0);
  });

  test('does not depend on the scale of any weight, but on every gain', () => {
    const d = denoiseToy(readyWith(awake), x, sigma);
    for (const name of Object.keys(awake).filter((each) => !each.startsWith('logvar'))) {
      const scaled = { ...awake, [name]: tf.mul(awake[name]!, 7) };
      const change = rms(tf.sub(d, denoiseToy(readyWith(scaled), x, sigma))).dataSync()[0];
      // The ε of normalisation leaves a part in ten thousand, more for the short filters of the first layer.
      if (name.endsWith('.weight')) expect(change, name).toBeLessThan(3e-3);
      else expect(change, name).toBeGreaterThan(3e-2);
    }
  });

  test('has the gradients of finite differences', () => {
    const r = random.normal([4, 1, 1, 2], 'r');
    const value = (parameters: Parameters): Scalar => tf.sum(tf.mul(denoiseToy(readyWith(parameters), x, sigma), r));
    const names = Object.keys(awake).filter((name) => !name.startsWith('logvar'));
    const { grads } = tf.valueAndGrads((...values: Tensor[]) =>
      value({ ...awake, ...Object.fromEntries(names.map((name, index) => [name, values[index]!])) }),
    )(names.map((name) => awake[name]!));
    for (const [index, name] of names.entries()) {
      const direction = random.normal(awake[name]!.shape, `direction ${name}`);
      const h = 1e-2;
      const at = (step: number): number =>
        value({ ...awake, [name]: tf.add(awake[name]!, tf.mul(direction, step)) }).dataSync()[0]!;
      const expected = (at(h) - at(-h)) / (2 * h);
      const found = tf.sum(tf.mul(grads[index]!, direction)).dataSync()[0]!;
      expect(Math.abs(found - expected), name).toBeLessThan(2e-3 + 2e-2 * Math.abs(expected));
    }
  });

  test('leaves the state as it was, and forces the weights that it steps from', () => {
    const training = TrainingConfig.parse({ batchSize: 8, durationImages: 8, rampUpImages: 0, learningRate: 1e-9 });
    const weight = (stacks: Stacks): Tensor => takeApart(toyStacks(WIDTH), stacks)['layer1.weight']!;
    const before = weight(start.parameters).dataSync();
    const points = random.normal([8, 1, 1, 2], 'points') as Tensor4D;
    const { state } = toyStep(WIDTH, training, start, points, stepScalars(training, 0), random);
    expect(weight(start.parameters).dataSync()).toEqual(before);
    expect(rms(weight(state.parameters)).dataSync()[0]).toBeCloseTo(0.9999, 3);
    expect(rms(weight(start.parameters)).dataSync()[0]).not.toBeCloseTo(0.9999, 3);
  });
});
