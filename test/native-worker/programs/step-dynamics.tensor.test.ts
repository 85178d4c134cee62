import { expect, test } from 'vitest';
import {
  attentionNames,
  bucketsOf,
  planNetwork,
  weightNames,
  type NetworkPlan,
} from '../../../contract/architecture.ts';
import type { DynamicsKind } from '../../../contract/dynamics.ts';
import { rungs, type RungName } from '../../../contract/ladder.ts';
import type { NetworkConfig } from '../../../contract/network.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import { networkStacks, readyFromStacks } from '../../../native-worker/edm2/network/network.ts';
import { denoise } from '../../../native-worker/edm2/network/precondition.ts';
import { stackUp, takeApart } from '../../../native-worker/edm2/network/stacks.ts';
import { forceNormalize } from '../../../native-worker/edm2/network/weights.ts';
import { encodePixels } from '../../../native-worker/edm2/tensors/pixels.ts';
import { randomSource } from '../../../native-worker/edm2/tensors/random.ts';
import type { Stacks } from '../../../native-worker/edm2/tensors/types.ts';
import { batchGradients, type BatchGradients } from '../../../native-worker/edm2/training/gradients.ts';
import { freshState } from '../../../native-worker/edm2/training/state.ts';
import { randomKernels } from '../../../native-worker/engine/random.ts';
import { tensorOf } from '../../../native-worker/engine/session/host.ts';
import { tf } from '../../../native-worker/engine/tensorflow.ts';
import { EagerTrainer } from '../../../native-worker/jobs/training/eager-trainer.ts';
import { GraphTrainer } from '../../../native-worker/jobs/training/graph-trainer.ts';
import { stateNames } from '../../../native-worker/programs/flat-state.ts';
import { stepDynamics, type Dynamics } from '../../../native-worker/programs/step-dynamics.ts';
import { pictureBatch } from '../../support/picture-batch.ts';
import { stateOf } from '../../support/state-of.ts';
import { tinyConfig } from '../../support/training-library.ts';
import { tinyNetwork, type Tensor, type Tensor4D } from '../edm2/support.ts';

/** Each kind of a step's dynamics against numbers that are computed here, from weights and gradients that were fetched. */

const { network, training: tiny } = tinyConfig({ batchSize: 8, rampUpImages: 0, decayBatches: 0, seed: 3 });
const shape = { resolution: 8, channels: 3, labelDim: 2 };
const batch = pictureBatch([8, 8, 8, 3], 2, 0);
const NIMG = 8;

interface Way {
  readonly rung?: RungName;
  readonly network?: Partial<NetworkConfig>;
  readonly training?: Partial<TrainingConfig>;
  readonly engine?: 'graph' | 'eager';
}

const planOf = ({ rung = 'G', network: change = {} }: Way): NetworkPlan =>
  planNetwork({ ...network, switches: rungs[rung].switches, ...change }, shape);
const trainingOf = ({ training = {} }: Way): TrainingConfig => ({ ...tiny, ...training });

/** Weights with gains that are not 0, as stacks of the start. */
function start(plan: NetworkPlan): { stored: Stacks; buffers: ReturnType<typeof tinyNetwork>['buffers'] } {
  const { parameters, buffers } = tinyNetwork(plan);
  return { stored: stackUp(networkStacks(plan), parameters), buffers };
}

/** What the second step measures, and the state that it left. */
async function stepped(
  way: Way,
  pictures = batch,
): Promise<{ measured: Map<DynamicsKind, Dynamics>; after: Record<string, number[]> }> {
  const [plan, training] = [planOf(way), trainingOf(way)];
  const { stored, buffers } = start(plan);
  const parameters = takeApart(networkStacks(plan), stored);
  const asked = { plan, training, grid: { average: 0, count: 4 } };
  const source = {
    parameter: (name: string) => parameters[name]!.clone(),
    firstMoment: (name: string) => tf.zerosLike(parameters[name]!),
    secondMoment: (name: string) => tf.zerosLike(parameters[name]!),
    average: (_index: number, name: string) => parameters[name]!.clone(),
    buffer: (name: string) => buffers[name]!.clone(),
  };
  const trainer =
    way.engine === 'eager'
      ? new EagerTrainer(asked, freshState(stored, buffers, training.sigmaRels.length))
      : await GraphTrainer.open(asked, source);
  const step = (await trainer.step(NIMG, pictures, true))!;
  const state = await stateOf(trainer, plan, training.sigmaRels.length);
  trainer.dispose();
  const dynamics = stepDynamics(plan, step.measured!);
  return {
    measured: new Map(dynamics.map((one) => [one.kind, one])),
    after: Object.fromEntries(Object.entries(state).map(([name, values]) => [name, [...values]])),
  };
}

/** Gradients and weights of the same step, op by op. */
function gradientsOf(way: Way, pictures = batch): BatchGradients {
  const [plan, training] = [planOf(way), trainingOf(way)];
  const { stored, buffers } = start(plan);
  const images = encodePixels(tensorOf(pictures.images) as Tensor4D);
  const labels = tensorOf(pictures.labels!) as ReturnType<typeof tf.tensor2d>;
  const random = randomSource(randomKernels, training.seed, NIMG);
  return batchGradients({ plan, parameters: stored, buffers }, training, { images, labels }, random);
}

const rms = (x: readonly number[]): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);
const norm = (x: readonly number[]): number => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
const dot = (x: readonly number[], y: readonly number[]): number =>
  x.reduce((sum, value, at) => sum + value * y[at]!, 0);
const meanOf = (x: readonly number[]): number => x.reduce((sum, value) => sum + value, 0) / x.length;

/** Numbers of a weight as they are inside, the output unit last, as lists of output units. */
function unitsIn(values: readonly number[], out: number): number[][] {
  return Array.from({ length: out }, (_, unit) => values.filter((_value, at) => at % out === unit));
}

/** The output units of each weight, by its name. */
function unitsOf(plan: NetworkPlan, stacks: Stacks): Map<string, number[][]> {
  const tensors = Object.entries(takeApart(networkStacks(plan), stacks));
  return new Map(tensors.map(([name, x]) => [name, unitsIn([...x.dataSync()], x.shape.at(-1) ?? 1)]));
}

/** A weight as the next step forces it: each unit to root mean square 1, with the official ε. */
const force = (units: readonly number[][]): number[][] =>
  units.map((unit) => unit.map((value) => value / (rms(unit) + 1e-4)));

test.each<[string, Way]>([
  ['G', {}],
  ['G, op by op', { engine: 'eager' }],
  ['G with loss scaling', { training: { lossScaling: 100 } }],
  ['G in micro-batches', { training: { microBatch: 2 } }],
  ['D, which does not force', { rung: 'D' }],
  ['D in micro-batches', { rung: 'D', training: { microBatch: 2 } }],
  ['C, which does not normalise', { rung: 'C' }],
])('weights, gradients, updates, angles and radial parts are those of the step, in %s', async (_words, way) => {
  const [plan, training] = [planOf(way), trainingOf(way)];
  const { measured, after } = await stepped(way);
  const { parameters, gradients } = gradientsOf(way);
  const [before, slopes] = [unitsOf(plan, parameters), unitsOf(plan, gradients)];
  const forces = plan.config.switches.weightNorm === 'forced';
  const names = weightNames(plan);
  for (const kind of ['weight', 'gradient', 'update', 'relative-update', 'angle', 'radial', 'non-finite'] as const) {
    expect(measured.get(kind)!.names).toEqual(names);
  }
  for (const [at, name] of names.entries()) {
    const told = (kind: DynamicsKind): number => measured.get(kind)!.numbers[at]!;
    const w = before.get(`${name}.weight`)!;
    const g = slopes.get(`${name}.weight`)!.map((unit) => unit.map((value) => value / training.lossScaling));
    const left = after[stateNames.parameter(`${name}.weight`)]!;
    const stored = unitsIn(left, w.length);
    const next = forces ? force(stored) : stored;
    const change = w.map((unit, row) => unit.map((value, column) => next[row]![column]! - value));
    const [weight, update] = [rms(w.flat()), rms(change.flat())];
    expect(told('weight') / weight, name).toBeCloseTo(1, 4);
    expect(told('gradient') / rms(g.flat()), name).toBeCloseTo(1, 2);
    expect(told('update') / update, name).toBeCloseTo(1, 2);
    expect(told('relative-update') / (update / weight), name).toBeCloseTo(1, 2);
    const cosines = w.map((unit, row) => dot(unit, next[row]!) / norm(unit) / norm(next[row]!));
    expect(told('angle') / meanOf(cosines.map((cosine) => Math.acos(Math.min(1, cosine)))), name).toBeCloseTo(1, 2);
    const radial = meanOf(
      w.map((unit, row) => (norm(g[row]!) === 0 ? 0 : Math.abs(dot(unit, g[row]!)) / norm(unit) / norm(g[row]!))),
    );
    // Tangent gradients: what is left is ε and rounding.
    expect(Math.abs(told('radial') - radial), name).toBeLessThan(1e-4 + 0.01 * radial);
    expect(told('non-finite')).toBe(0);
  }
});

test('numbers of a gradient that are not finite are counted', async () => {
  // Labels so large that what comes of them overflows.
  const values = Float32Array.from(batch.labels!.values, (value) => value * 1e38);
  const planted = { ...batch, labels: { ...batch.labels!, values } };
  const { measured } = await stepped({}, planted);
  const { gradients } = gradientsOf({}, planted);
  const slopes = unitsOf(planOf({}), gradients);
  const counted = measured.get('non-finite')!;
  for (const [at, name] of counted.names.entries()) {
    const wanted = slopes
      .get(`${name}.weight`)!
      .flat()
      .filter((value) => !Number.isFinite(value)).length;
    expect(counted.numbers[at], name).toBe(wanted);
  }
  expect(Math.max(...counted.numbers)).toBeGreaterThan(0);
});

test.each<[string, Way]>([
  ['G', {}],
  ['G in micro-batches', { training: { microBatch: 2 } }],
  ['G clipped', { network: { clipAct: 1.5 } }],
  ['C', { rung: 'C' }],
  ['A', { rung: 'A' }],
])('activations, clipping, attention and buckets are those of the forward pass, in %s', async (_words, way) => {
  const [plan, training] = [planOf(way), trainingOf(way)];
  const { measured } = await stepped(way);
  const { stored, buffers } = start(plan);
  const forces = plan.config.switches.weightNorm === 'forced';
  const parameters = forces ? forceNormalize(networkStacks(plan), stored) : stored;
  // The pass of the step, all of whose outputs are looked at.
  const random = randomSource(randomKernels, training.seed, NIMG);
  const images = encodePixels(tensorOf(batch.images) as Tensor4D);
  const sigma = tf.exp(tf.add(tf.mul(random.normal([8], 'sigma'), training.pStd), training.pMean));
  const noise = tf.mul(random.normal([8, 8, 8, 3], 'noise'), tf.reshape(sigma, [8, 1, 1, 1]));
  const outputs = new Map<string, { values: number[]; channels: number }>();
  const observe = (name: string, output: Tensor): void => {
    outputs.set(name, { values: [...output.dataSync()], channels: output.shape.at(-1)! });
  };
  const ready = readyFromStacks({ plan, parameters, buffers });
  const labels = tensorOf(batch.labels!) as ReturnType<typeof tf.tensor2d>;
  denoise(ready, tf.add<Tensor4D>(images, noise), sigma as ReturnType<typeof tf.tensor1d>, labels, { observe });

  const { numbers, names } = measured.get('activation')!;
  names.forEach((name, at) => expect(numbers[at]! / rms(outputs.get(name)!.values), name).toBeCloseTo(1, 3));

  const { clipAct } = plan.config;
  if (clipAct === null) expect(measured.has('clipped')).toBe(false);
  else {
    for (const [at, name] of measured.get('clipped')!.names.entries()) {
      const { values } = outputs.get(name)!;
      const share = values.filter((value) => Math.abs(value) >= clipAct).length / values.length;
      expect(Math.abs(measured.get('clipped')!.numbers[at]! - share), name).toBeLessThan(2 / values.length);
      if (clipAct === 1.5) expect(share, name).toBeGreaterThan(0);
    }
  }

  expect(measured.get('logit')!.names).toEqual(attentionNames(plan));
  for (const [at, name] of attentionNames(plan).entries()) {
    const logits = outputs.get(`${name}.attn_logits`)!;
    expect(measured.get('logit')!.numbers[at]! / rms(logits.values), name).toBeCloseTo(1, 3);
    const { values: p, channels: pixels } = outputs.get(`${name}.attn_weights`)!;
    const entropy = p.reduce((sum, value) => sum - (value > 0 ? value * Math.log(value) : 0), 0) / (p.length / pixels);
    expect(measured.get('entropy')!.numbers[at]!, name).toBeCloseTo(entropy / Math.log(pixels), 4);
  }

  const stored_ = unitsOf(plan, parameters);
  for (const [at, { name, layers }] of bucketsOf(plan).entries()) {
    const units = layers.flatMap((layer) => stored_.get(`${layer}.weight`)!.map(rms));
    const features = layers.flatMap((layer) => {
      const { values, channels } = outputs.get(layer)!;
      return Array.from({ length: channels }, (_, channel) =>
        rms(values.filter((_value, i) => i % channels === channel)),
      );
    });
    for (const [kind, wanted] of [
      ['weight-max', Math.max(...units)],
      ['weight-mean', meanOf(units)],
      ['activation-max', Math.max(...features)],
      ['activation-mean', meanOf(features)],
    ] as const) {
      expect(measured.get(kind)!.names[at]).toBe(name);
      expect(measured.get(kind)!.numbers[at]! / wanted, `${kind} ${name}`).toBeCloseTo(1, 3);
    }
  }
});

test('gains are those of the step, and a network without any records none', async () => {
  const { measured } = await stepped({});
  const { names, numbers } = measured.get('gain')!;
  const { parameters } = tinyNetwork(planOf({}));
  names.forEach((name, at) => expect(numbers[at], name).toBeCloseTo(parameters[name]!.dataSync()[0]!, 6));
  expect(names.length).toBeGreaterThan(3);
  expect((await stepped({ rung: 'F' })).measured.has('gain')).toBe(false);
});
