import { expect, test } from 'vitest';
import type { NetworkPlan } from '../../../../contract/architecture.ts';
import { rungs } from '../../../../contract/ladder.ts';
import { coefficients, denoise, logVariance } from '../../../../native-worker/edm2/network/precondition.ts';
import { networkStacks, readyFromStacks } from '../../../../native-worker/edm2/network/network.ts';
import { stackUp } from '../../../../native-worker/edm2/network/stacks.ts';
import { forceNormalize } from '../../../../native-worker/edm2/network/weights.ts';
import { oneHot } from '../../../../native-worker/edm2/tensors/layout.ts';
import { freshState } from '../../../../native-worker/edm2/training/state.ts';
import { stepScalars } from '../../../../native-worker/edm2/training/schedule.ts';
import { trainStep } from '../../../../native-worker/edm2/training/step.ts';
import type { Batch } from '../../../../native-worker/edm2/tensors/types.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { outputGradient } from '../../../../native-worker/jobs/training/noise-levels.ts';
import { normal, source, tinyNetwork, tinyPlan, tinyTraining, toldAs, type Tensor, type Tensor4D } from '../support.ts';

type Tensor1D = ReturnType<typeof tf.tensor1d>;

const batch: Batch = { images: normal([8, 8, 8, 3], 1, 0.5) as Tensor4D, labels: oneHot([0, 1, 2, 3, 0, 1, 2, 3], 4) };
const ELEMENTS = 8 * 8 * 3;

/** What a step with the noise of image 16 is about: noise levels, what the network makes of the pictures, and u. */
function parts(plan: NetworkPlan) {
  const { parameters, buffers } = tinyNetwork(plan);
  const stored = stackUp(networkStacks(plan), parameters);
  const forced = plan.config.switches.weightNorm === 'forced' ? forceNormalize(networkStacks(plan), stored) : stored;
  const network = readyFromStacks({ plan, parameters: forced, buffers });
  const random = source(0, 16);
  const { pMean, pStd } = tinyTraining();
  const sigma = tf.exp<Tensor1D>(tf.add(tf.mul(random.normal([8], 'sigma'), pStd), pMean));
  const noise = random.normal([8, 8, 8, 3], 'noise');
  const noisy = tf.add<Tensor4D>(batch.images, tf.mul(noise, tf.reshape(sigma, [8, 1, 1, 1])));
  const denoised = denoise(network, noisy, sigma, batch.labels);
  const u = plan.config.switches.uncertainty ? logVariance(network, sigma).dataSync() : new Float32Array(8);
  const state = freshState(stored, buffers, 2);
  const step = trainStep(plan, tinyTraining(), state, batch, stepScalars(tinyTraining(), 16), source(0, 16));
  return { sigma, noisy, denoised, u: [...u], step };
}

const pictures = (x: Tensor): number[][] =>
  Array.from({ length: 8 }, (_, n) => [...x.dataSync()].slice(n * ELEMENTS, (n + 1) * ELEMENTS));

test.each(['A', 'C', 'G'] as const)('in %s each picture tells its loss, its error, its noise level and u', (rung) => {
  const plan = tinyPlan({ switches: rungs[rung].switches });
  const { sigma, denoised, u, step } = parts(plan);
  const [clean, given] = [pictures(batch.images), pictures(denoised)];
  for (const [n, s] of sigma.dataSync().entries()) {
    const squares = clean[n]!.map((y, at) => (given[n]![at]! - y) ** 2);
    const error = ((s ** 2 + 0.25) / (s * 0.5) ** 2) * (squares.reduce((sum, x) => sum + x) / ELEMENTS);
    const told = (name: 'loss' | 'error' | 'sigma' | 'u'): number => toldAs(name, step).dataSync()[n]!;
    // Sums of 192 numbers in float32, in another order.
    expect(told('error') / error).toBeCloseTo(1, 4);
    expect(told('loss')).toBeCloseTo(error * Math.exp(-u[n]!) + u[n]!, 4);
    expect(told('sigma') / s).toBeCloseTo(1, 6);
    expect(told('u')).toBeCloseTo(u[n]!, 5);
  }
});

test("the norm of the gradient at the network's output is the one that is derived from error and u", () => {
  const plan = tinyPlan();
  const { sigma, noisy, denoised, u, step } = parts(plan);
  const { cSkip, cOut } = coefficients(sigma, 0.5);
  const s = tf.reshape(sigma, [8, 1, 1, 1]);
  const weight = tf.div(tf.add(tf.square(s), 0.25), tf.square(tf.mul(s, 0.5)));
  const raw = tf.div(tf.sub(denoised, tf.mul(noisy, cSkip)), cOut);
  const scale = tf.tensor4d(u.map(Math.exp), [8, 1, 1, 1]);
  const loss = (f: Tensor): Tensor => {
    const d = tf.add(tf.mul(noisy, cSkip), tf.mul(f, cOut));
    return tf.sum(tf.div(tf.mul(weight, tf.square(tf.sub(d, batch.images))), scale));
  };
  const gradients = pictures(tf.grad(loss)(raw));
  const [errors, us] = [toldAs('error', step).dataSync(), toldAs('u', step).dataSync()];
  for (const [n, gradient] of gradients.entries()) {
    const norm = Math.sqrt(gradient.reduce((sum, x) => sum + x * x, 0));
    expect(outputGradient(errors[n]!, us[n]!, ELEMENTS) / norm).toBeCloseTo(1, 4);
  }
});
