import { expect, test } from 'vitest';
import type { TrainingConfig } from '../../../../contract/training.ts';
import { disposeState, freshState, initialState } from '../../../../native-worker/edm2/training/state.ts';
import { officialTensors, oneHot } from '../../../../native-worker/edm2/tensors/layout.ts';
import { gammaFromSigmaRel } from '../../../../contract/power-function.ts';
import { networkStacks } from '../../../../native-worker/edm2/network/network.ts';
import { stackUp, takeApart } from '../../../../native-worker/edm2/network/stacks.ts';
import { stepScalars } from '../../../../native-worker/edm2/training/schedule.ts';
import { trainStep } from '../../../../native-worker/edm2/training/step.ts';
import { perImageRows } from '../../../../native-worker/edm2/tensors/types.ts';
import type { Batch, Parameters, Stacks, TrainState } from '../../../../native-worker/edm2/tensors/types.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { normal, relativeDifference, rmsOf, source, tinyNetwork, tinyPlan, tinyTraining, toldAs } from '../support.ts';
import type { Tensor, Tensor4D } from '../support.ts';

const plan = tinyPlan();
const batch: Batch = { images: normal([8, 8, 8, 3], 1, 0.5) as Tensor4D, labels: oneHot([0, 1, 2, 3, 0, 1, 2, 3], 4) };

function fresh(averages = 2): TrainState {
  const { parameters, buffers } = tinyNetwork(plan);
  return freshState(stackUp(networkStacks(plan), parameters), buffers, averages);
}

/** The parameters of `plan` in stacks, by their official names. */
function official(stacks: Stacks): Parameters {
  return takeApart(networkStacks(plan), stacks);
}

function step(
  state: TrainState,
  training: TrainingConfig,
  nimg: number,
  measure = false,
  network = plan,
): ReturnType<typeof trainStep> {
  return trainStep(network, training, state, batch, stepScalars(training, nimg), source(training.seed, nimg), {
    measure,
  });
}

function numbersOf({ parameters, averages, firstMoments, secondMoments }: TrainState): number[] {
  return [parameters, firstMoments, secondMoments, ...averages].flatMap((record) =>
    officialTensors(official(record)).flatMap(({ data }) => [...data]),
  );
}

test('a step is a function of state, batch, seed and nimg, to the last bit', () => {
  const training = tinyTraining({ horizontalFlips: true });
  const dropping = tinyPlan({ dropout: 0.1 });
  const run = (nimg: number): number[] => numbersOf(step(fresh(), training, nimg, false, dropping).state);
  const first = run(16);
  expect(run(16)).toEqual(first);
  expect(run(24)).not.toEqual(first);
});

test('a step leaves the state it was given untouched', () => {
  const state = fresh();
  const before = numbersOf(state);
  step(state, tinyTraining(), 8);
  expect(numbersOf(state)).toEqual(before);
});

test('the first step of a ramp-up only forces the weights, but its moments advance', () => {
  const state = fresh();
  const next = step(state, tinyTraining({ rampUpImages: 1000 }), 0).state;
  const name = 'unet.enc.8x8_block0.conv_res0.weight';
  expect(rmsOf(official(next.parameters)[name]!)).toBeCloseTo(0.9999, 4);
  expect(
    relativeDifference(official(next.parameters)['unet.out_gain']!, official(state.parameters)['unet.out_gain']!),
  ).toBe(0);
  expect(rmsOf(official(next.secondMoments)[name]!)).toBeGreaterThan(0);
});

test('the averages weigh step k of n with (k/n)^(γ+1) − ((k−1)/n)^(γ+1)', () => {
  const training = tinyTraining({ sigmaRels: [0.05, 0.2] });
  const name = 'unet.emb_noise.weight';
  const history: Tensor[] = [];
  let state = fresh();
  for (let k = 0; k < 6; k++) {
    state = step(state, training, 8 * k).state;
    history.push(official(state.parameters)[name]!);
  }
  training.sigmaRels.forEach((std, index) => {
    const power = gammaFromSigmaRel(std) + 1;
    const weights = history.map((_, k) => ((k + 1) / 6) ** power - (k / 6) ** power);
    const direct = tf.addN(history.map((value, k) => tf.mul(value, weights[k]!)));
    expect(relativeDifference(official(state.averages[index]!)[name]!, direct)).toBeLessThan(1e-6);
  });
});

test('micro-batches give the step of the whole batch', () => {
  const whole = step(fresh(), tinyTraining({ horizontalFlips: true }), 8);
  const cut = step(fresh(), tinyTraining({ horizontalFlips: true, microBatch: 2 }), 8, true);
  expect(cut.perImage.shape).toEqual([4, 8]);
  expect(relativeDifference(toldAs('loss', cut), toldAs('loss', whole))).toBeLessThan(1e-5);
  // Forcing again before each micro-batch moves weights by some 1e-6; see batchGradients.
  const name = 'unet.dec.4x4_in0.attn_qkv.weight';
  expect(
    relativeDifference(official(cut.state.firstMoments)[name]!, official(whole.state.firstMoments)[name]!),
  ).toBeLessThan(1e-4);
  const measured = step(fresh(), tinyTraining({ horizontalFlips: true }), 8, true);
  expect(relativeDifference(cut.measured!.forward, measured.measured!.forward)).toBeLessThan(1e-5);
});

test.each([
  ['a batch', {}],
  ['a micro-batch', { microBatch: 4 }],
])('two halves of %s side by side give the step of the whole', (_, part) => {
  const training = tinyTraining({ horizontalFlips: true, ...part });
  const dropping = tinyPlan({ dropout: 0.1 });
  const run = (sides: number): ReturnType<typeof trainStep> =>
    trainStep(dropping, training, fresh(), batch, stepScalars(training, 8), source(0, 8), { measure: true, sides });
  const [whole, halves] = [run(1), run(2)];
  const scale = (x: Tensor): number => tf.max(tf.abs(x)).dataSync()[0]!;
  for (const pick of [
    ...perImageRows.map((name) => (result: typeof whole) => toldAs(name, result)),
    ({ measured }: typeof whole) => measured!.forward,
    ({ measured }: typeof whole) => measured!.layers,
    ...Object.keys(whole.state.firstMoments).map((name) => (result: typeof whole) => result.state.firstMoments[name]!),
  ]) {
    expect(scale(tf.sub(pick(halves), pick(whole)))).toBeLessThan(1e-5 * scale(pick(whole)));
  }
});

test('about half of the pictures are mirrored, and only if asked for', () => {
  const labels = null;
  const uncond = tinyPlan({}, { labelDim: 0 });
  const state = initialState(uncond, 1, source(1));
  const half: Batch = { images: tf.concat([tf.ones([8, 8, 4, 3]), tf.zeros([8, 8, 4, 3])], 2), labels };
  const loss = (training: TrainingConfig, nimg: number): Float32Array => {
    const result = trainStep(uncond, training, state, half, stepScalars(training, nimg), source(0, nimg));
    return toldAs('loss', result).dataSync<'float32'>();
  };
  let mirrored = 0;
  for (let nimg = 0; nimg < 80; nimg += 8) {
    const [plain, flipped] = [loss(tinyTraining(), nimg), loss(tinyTraining({ horizontalFlips: true }), nimg)];
    // Same noise: the loss of a picture differs exactly if it was mirrored.
    mirrored += plain.filter((value, index) => value !== flipped[index]).length;
  }
  expect(mirrored).toBeGreaterThan(25); // of 80 fair coins; 25 or less has probability 1e-3
  expect(mirrored).toBeLessThan(55);
});

test('a picture that is not finite does not reach the weights', () => {
  const images = tf.concat<Tensor4D>([tf.fill([1, 8, 8, 3], NaN), tf.slice(batch.images, 1, 7)]);
  const training = tinyTraining();
  const result = trainStep(plan, training, fresh(), { ...batch, images }, stepScalars(training, 8), source(0, 8));
  expect(numbersOf(result.state).every((value) => Number.isFinite(value))).toBe(true);
  expect(result.loss.dataSync()[0]).toBeNaN();
});

test('the loss of a batch that is learnt by heart falls', () => {
  const training = tinyTraining({ decayBatches: 0 });
  let state = fresh();
  const losses: number[] = [];
  for (let k = 0; k < 60; k++) {
    const result = trainStep(plan, training, state, batch, stepScalars(training, 8 * k), source(0, 8 * k));
    state = result.state;
    losses.push(result.loss.dataSync()[0]!);
  }
  const mean = (list: number[]): number => list.reduce((a, b) => a + b, 0) / list.length;
  expect(mean(losses.slice(-10))).toBeLessThan(mean(losses.slice(0, 10)) - 0.3);
});

test('50 steps leak no tensor', () => {
  const training = tinyTraining({ microBatch: 4, horizontalFlips: true });
  let state = fresh();
  const counts = [];
  for (let k = 0; k < 50; k++) {
    const scalars = stepScalars(training, 8 * k);
    const result = trainStep(plan, training, state, batch, scalars, source(0, 8 * k), {
      measure: k % 2 === 0,
    });
    disposeState(state);
    state = result.state;
    const { loss, perImage, measured } = result;
    tf.dispose([loss, perImage, scalars, measured] as never);
    counts.push(tf.memory().numTensors);
  }
  expect(new Set(counts).size).toBe(1);
});
