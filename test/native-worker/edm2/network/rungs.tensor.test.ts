import { describe, expect, test } from 'vitest';
import type { NetworkPlan } from '../../../../contract/architecture.ts';
import { climb, rungNames, rungs } from '../../../../contract/ladder.ts';
import type { RungName } from '../../../../contract/ladder.ts';
import { findPreset } from '../../../../contract/presets.ts';
import type { TrainingConfig } from '../../../../contract/training.ts';
import { initialNetwork, initialState } from '../../../../native-worker/edm2/training/state.ts';
import { officialTensors, oneHot } from '../../../../native-worker/edm2/tensors/layout.ts';
import { elementLoss } from '../../../../native-worker/edm2/training/loss.ts';
import { denoise, logVariance } from '../../../../native-worker/edm2/network/precondition.ts';
import { networkStacks, ready, type Network } from '../../../../native-worker/edm2/network/network.ts';
import { stackUp, takeApart } from '../../../../native-worker/edm2/network/stacks.ts';
import { stepScalars } from '../../../../native-worker/edm2/training/schedule.ts';
import { trainStep } from '../../../../native-worker/edm2/training/step.ts';
import type { Parameters, Stacks, TrainState } from '../../../../native-worker/edm2/tensors/types.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { normal, relativeDifference, rmsOf, source, tinyPlan, tinyTraining, toldAs } from '../support.ts';
import type { Tensor, Tensor4D } from '../support.ts';

const x = normal([4, 8, 8, 3], 10) as Tensor4D;
const sigma = tf.tensor1d([0.05, 0.5, 5, 80]);
const labels = oneHot([0, 1, 2, 3], 4);

function planOf(rung: RungName, resolution = 8): NetworkPlan {
  return tinyPlan({ switches: rungs[rung].switches }, { resolution });
}

function fresh(rung: RungName, resolution = 8): Network {
  return initialNetwork(planOf(rung, resolution), source(1));
}

/** Away from the start, where gains and whole layers are zero in some rungs. */
function moved(rung: RungName): Network {
  const network = fresh(rung);
  const parameters = Object.fromEntries(
    network.plan.parameters.map(({ name, role, initial }, index) => {
      const value = network.parameters[name]!;
      if (role === 'gain') return [name, tf.scalar(0.5 + 0.05 * index)];
      const still = initial.kind === 'constant' || role === 'bias';
      return [name, still ? tf.add(value, normal(value.shape, 100 + index, 0.2)) : value];
    }),
  );
  return { ...network, parameters };
}

function trainingOf(rung: RungName): TrainingConfig {
  const { training } = climb(findPreset('demo')!.config, rung);
  return { ...training, ...tinyTraining(), ...rungs[rung].training, learningRate: training.learningRate };
}

function step(rung: RungName, state: TrainState, training = trainingOf(rung), nimg = 8): ReturnType<typeof trainStep> {
  const images = normal([8, 8, 8, 3], 1, 0.5) as Tensor4D;
  const batch = { images, labels: oneHot([0, 1, 2, 3, 0, 1, 2, 3], 4) };
  return trainStep(planOf(rung), training, state, batch, stepScalars(training, nimg), source(3, nimg));
}

function stateOf(rung: RungName): TrainState {
  const { plan, parameters } = moved(rung);
  const state = initialState(plan, trainingOf(rung).averaging === 'power' ? 2 : 1, source(1));
  return { ...state, parameters: stackUp(networkStacks(plan), parameters) };
}

function official(rung: RungName, stacks: Stacks): Parameters {
  return takeApart(networkStacks(planOf(rung)), stacks);
}

const cSkip = tf.tensor4d([0.990099, 0.5, 0.009901, 0.000039], [4, 1, 1, 1]);

test.each<RungName>(['A', 'B', 'G'])('an untrained network of config %s denoises to c_skip · x', (rung) => {
  expect(relativeDifference(denoise(ready(fresh(rung)), x, sigma, labels), tf.mul(x, cSkip))).toBeLessThan(1e-6);
});

test.each<RungName>(['C', 'D', 'E', 'F'])('an untrained network of config %s already does something', (rung) => {
  expect(relativeDifference(denoise(ready(fresh(rung)), x, sigma, labels), tf.mul(x, cSkip))).toBeGreaterThan(0.1);
});

/** λL of white data of mean 0 and deviation 0.5, averaged over four noise levels. */
function weightedLoss(rung: RungName): number {
  const { switches, moreAttention } = rungs[rung];
  const network = { modelChannels: 64, channelMult: [1, 2, 2], numBlocks: 2, channelsPerHead: 64, switches: switches };
  const attnResolutions = moreAttention ? [32, 16, 8] : [16, 8];
  const plan = tinyPlan({ ...network, attnResolutions }, { resolution: 32, labelDim: 10 });
  return tf.tidy(() => {
    const start = initialNetwork(plan, source(5));
    const clean = normal([4, 32, 32, 3], 1, 0.5) as Tensor4D;
    const levels = tf.tensor1d([0.1, 0.3, 1, 3]);
    const noisy = tf.add<Tensor4D>(clean, tf.mul(normal([4, 32, 32, 3], 2), tf.reshape(levels, [4, 1, 1, 1])));
    const denoised = denoise(ready(start), noisy, levels, oneHot([0, 3, 5, 9], 10));
    return tf.mean(elementLoss(denoised, clean, levels, null, 0.5)).dataSync()[0]!;
  });
}

// LADDER's ranges over seeds, widened by a tenth; A, B and G are 1 up to the noise of 12,288 numbers.
test.each<[RungName, number, number]>([
  ['A', 0.97, 1.03],
  ['B', 0.97, 1.03],
  ['C', 1.05, 1.3],
  ['D', 1.1, 1.55],
  ['E', 1.1, 1.55],
  ['F', 2.5, 7],
  ['G', 0.97, 1.03],
])('the weighted loss of config %s starts between %f and %f', (rung, least, most) => {
  const loss = weightedLoss(rung);
  expect(loss).toBeGreaterThan(least);
  expect(loss).toBeLessThan(most);
});

describe.each(rungNames)('config %s', (rung) => {
  test('gradients of a whole tiny network equal finite differences', () => {
    const network = moved(rung);
    const r = normal([4, 8, 8, 3], 20);
    const f = (n: Network): Tensor =>
      tf.tidy(() => {
        const output = tf.sum(tf.mul(denoise(ready(n), x, sigma, labels), r));
        return n.plan.config.switches.uncertainty ? tf.add(output, tf.sum(logVariance(ready(n), sigma))) : output;
      });
    const names = Object.keys(network.parameters);
    const { grads } = tf.valueAndGrads(() => f(network) as never)(Object.values(network.parameters));
    for (const [index, name] of names.entries()) {
      const value = network.parameters[name]!;
      const size = Math.max(rmsOf(value), 0.05);
      const direction = normal(value.shape, 30 + index, size);
      const difference = 3e-3;
      const at = (by: number): number => {
        const there = { ...network.parameters, [name]: tf.add(value, tf.mul(direction, by)) };
        return f({ ...network, parameters: there }).dataSync()[0]!;
      };
      const slope = (at(difference) - at(-difference)) / (2 * difference);
      const analytic = tf.sum(tf.mul(grads[index]!, direction)).dataSync()[0]!;
      // float32 sums of some 10 to 100 leave 1e-5 / difference, and the curvature is of the order of difference².
      expect(Math.abs(slope - analytic), name).toBeLessThan(0.05 + 0.02 * Math.abs(analytic));
    }
  });

  test('a step is a function of state, batch, seed and nimg, to the last bit, and moves what has a gradient', () => {
    const numbers = (state: TrainState): number[] =>
      [state.parameters, ...state.averages].flatMap((record) =>
        officialTensors(official(rung, record)).flatMap(({ data }) => [...data]),
      );
    const before = stateOf(rung);
    const first = step(rung, before).state;
    expect(numbers(step(rung, stateOf(rung)).state)).toEqual(numbers(first));
    const [was, is] = [before, first].map(({ parameters }) => official(rung, parameters)) as [Parameters, Parameters];
    for (const { name } of planOf(rung).parameters) {
      expect(rmsOf(tf.sub(is[name]!, was[name]!)), name).toBeGreaterThan(0);
    }
  });

  const scaleFree = rungs[rung].switches.weightNorm !== 'none';
  test(`the output ${scaleFree ? 'does not depend' : 'depends'} on the scale of a weight`, () => {
    const network = moved(rung);
    const scaled = Object.fromEntries(
      Object.entries(network.parameters).map(([name, value]) => [
        name,
        name.endsWith('.weight') ? tf.mul(value, 5) : value,
      ]),
    );
    const change = relativeDifference(
      denoise(ready({ ...network, parameters: scaled }), x, sigma, labels),
      denoise(ready(network), x, sigma, labels),
    );
    if (scaleFree)
      expect(change).toBeLessThan(3e-3); // epsilon is 1e-4 of a weight, over some ten layers
    else expect(change).toBeGreaterThan(0.1);
  });

  test('weights start as the plan says', () => {
    const { plan, parameters } = fresh(rung);
    for (const { name, shape, role, initial } of plan.parameters) {
      const value = parameters[name]!;
      if (initial.kind === 'constant') {
        expect(rmsOf(tf.sub(value, initial.value)), name).toBe(0);
      } else if (role === 'weight' && value.size > 500) {
        const fanIn = shape.slice(1).reduce((product, size) => product * size, 1);
        const expected = initial.kind === 'normal' ? 1 : 1 / Math.sqrt(3 * fanIn);
        expect(rmsOf(value) / expected, name).toBeCloseTo(1, 0.6); // 500 numbers: strays by 0.03
        if (initial.kind === 'uniform') {
          expect(tf.max(tf.abs(value)).dataSync()[0], name).toBeLessThanOrEqual(1 / Math.sqrt(fanIn));
        }
      }
    }
  });
});

test('only from E on does a training step force stored weights', () => {
  for (const rung of rungNames) {
    const state = stateOf(rung);
    const idle = { ...trainingOf(rung), learningRate: 1e-30 };
    const after = step(rung, state, idle).state.parameters;
    const name = 'unet.enc.8x8_block0.conv_res0.weight';
    const change = relativeDifference(official(rung, after)[name]!, official(rung, state.parameters)[name]!);
    if (rung < 'E') expect(change, rung).toBe(0);
    else expect(change, rung).toBeGreaterThan(1e-3);
  }
});

test('micro-batches add up to the same gradient in every rung', () => {
  for (const rung of rungNames) {
    const training = { ...trainingOf(rung), horizontalFlips: true };
    const whole = toldAs('loss', step(rung, stateOf(rung), training));
    const parts = step(rung, stateOf(rung), { ...training, microBatch: 4 });
    expect(relativeDifference(toldAs('loss', parts), whole), rung).toBeLessThan(1e-3);
  }
});

test('gradients are tangent to the weights in D, and not in C', () => {
  const radial = (rung: RungName): number => {
    const network = moved(rung);
    const name = 'unet.enc.8x8_block0.conv_res1.weight';
    const w = network.parameters[name]!;
    const output = (value: Tensor): Tensor =>
      tf.sum(
        tf.square(
          denoise(ready({ ...network, parameters: { ...network.parameters, [name]: value } }), x, sigma, labels),
        ),
      );
    const g = tf.grad(output)(w);
    return Math.abs(tf.sum(tf.mul(w, g)).dataSync()[0]!) / (rmsOf(w) * rmsOf(g) * w.size);
  };
  expect(radial('D')).toBeLessThan(1e-4);
  expect(radial('C')).toBeGreaterThan(1e-3);
});

test('without u the loss is the plain weighted error, and u = 0 changes nothing', () => {
  const denoised = normal([4, 8, 8, 3], 1) as Tensor4D;
  const plain = elementLoss(denoised, x, sigma, null, 0.5);
  const zero = elementLoss(denoised, x, sigma, tf.zeros([4, 1, 1, 1]), 0.5);
  expect(relativeDifference(plain, zero)).toBeLessThan(1e-6);
});

test('an averaged network of config A has every parameter, biases and norms included', () => {
  const { state } = step('A', stateOf('A'));
  expect(state.averages).toHaveLength(1);
  expect(Object.keys(official('A', state.averages[0]!)).sort()).toEqual(
    planOf('A')
      .parameters.map(({ name }) => name)
      .sort(),
  );
});

test('in D weights grow by more than a fifth of what a random walk of full steps would bring, in E they do not', () => {
  const steps = 60;
  const name = 'unet.enc.8x8_block0.conv_res1.weight';
  const after = (rung: RungName): number => {
    let state = initialState(planOf(rung), 1, source(1));
    for (let index = 0; index < steps; index++) {
      state = step(rung, state, { ...trainingOf(rung), decayBatches: 0 }, 8 * (index + 1)).state;
    }
    return rmsOf(official(rung, state.parameters)[name]!);
  };
  const walk = Math.sqrt(1 + 0.01 ** 2 * steps);
  const start = rmsOf(fresh('D').parameters[name]!);
  const grown = after('D') / start;
  // √(1 + α²t) if each element moved by α each step; small gradients make less of it.
  expect(grown).toBeGreaterThan(1 + 0.2 * (walk - 1));
  expect(after('E')).toBeGreaterThan(0.9999);
  expect(after('E')).toBeLessThan(1.0002); // one step's growth, before the next one forces it back
});
