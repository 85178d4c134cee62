import type { Scalar, Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../contract/architecture.ts';
import type { TrainingConfig } from '../../contract/training.ts';
import { gradientsAt, inStep, microBatches, type Gradients } from '../edm2/training/gradients.ts';
import { encodeBytes } from '../edm2/tensors/pixels.ts';
import { precisionOf } from '../edm2/tensors/precision.ts';
import { measureUpdate } from '../edm2/training/measure-update.ts';
import { trainStep, updateState } from '../edm2/training/step.ts';
import type { Batch, Stacks } from '../edm2/tensors/types.ts';
import type { Updates } from '../edm2/training/adam.ts';
import { float32, type Entry, type Given, type Specs, type Tensors } from '../engine/recording/program.ts';
import { zerosOf, type HostTensor } from '../engine/session/host-tensor.ts';
import { stateNames, unflattenState, type StateLayout } from './flat-state.ts';
import { scalarSpecs, scalarsOf } from './scalar-inputs.ts';
import { clearSums, updatesInPlace } from './updates-in-place.ts';

/** The part of a program that takes training steps. */
export interface TrainingStep {
  /** What it keeps beside the training state: where there are micro-batches, the sums of their gradients. */
  readonly sums: Specs;
  /**
   * `train`, or, where a device takes several micro-batches, `accumulate`, once each, and `apply`. Where what a step is
   * measured by can't be left out of it by not asking for it, there are two of the first, one of which measures (`measuring`).
   */
  readonly entries: Readonly<Record<string, Entry>>;
}

/** How steps are computed. */
export interface StepForm {
  /** As which pictures are fed: bytes, which the graph encodes, or numbers in the network's range. Default: bytes. */
  readonly pictures?: 'uint8' | 'float32';
  /** Parts of a pass that are computed side by side (`sidesFor`); default: 1. */
  readonly sides?: number;
  /** Devices that share the batch (`onDevices`); default: 1. */
  readonly devices?: number;
  /** Whether XLA compiles the network: it computes all that an entry gives, asked for or not. Default: no. */
  readonly compiled?: boolean;
}

/** The entry that also measures, of one that does not, where there are two. */
export function measuring(entry: string): string {
  return `${entry}_measured`;
}

/**
 * Training steps as entries of a program whose state is a training state (`flattenState`). Adam and the averages change it
 * in place, by TensorFlow's own kernels. The program must reduce to the run's precision (`reducedTypeOf`);
 * `takeStep` runs the entries.
 *
 * A batch that goes through the network at once is one entry, `train`. In micro-batches, `accumulate` changes nothing but
 * the sums of the gradients, so its graph is that of one micro-batch however many there are, and a step that isn't ended
 * by `apply` leaves the training state as it was.
 *
 * Several devices share the batch out evenly. Each takes its gradients; their sums over all devices are the same on each,
 * and so is what Adam makes of them there.
 *
 * @param training whose micro-batch is what one device takes at once (`sharedOut`)
 * @param layout   without averages: the program of a device that keeps none
 */
export function trainingStep(
  plan: NetworkPlan,
  training: TrainingConfig,
  layout: StateLayout,
  { pictures = 'uint8', sides = 1, devices = 1, compiled = false }: StepForm = {},
): TrainingStep {
  const step = { plan, training, layout, pictures, sides };
  const each = (name: string, entry: (step: Step) => Entry): Record<string, Entry> =>
    compiled
      ? { [name]: entry({ ...step, measure: false }), [measuring(name)]: entry({ ...step, measure: true }) }
      : { [name]: entry({ ...step, measure: true }) };
  if (microBatches(training) === 1) return { sums: {}, entries: each('train', whole) };
  if (microBatches(training) === devices) return { sums: {}, entries: each('train', share) };
  const sums = layout.parameters.map((name) => [stateNames.sum(name), float32(...layout.shapes[name]!)] as const);
  return {
    sums: Object.fromEntries(sums),
    entries: { ...each('accumulate', accumulate), apply: apply({ ...step, measure: true }) },
  };
}

/** What a sum of `trainingStep` is before the first step; undefined: the name is of none. */
export function emptySum({ sums }: TrainingStep, name: string): HostTensor | undefined {
  const spec = sums[name];
  return spec && zerosOf('float32', spec.shape);
}

interface Step {
  readonly plan: NetworkPlan;
  readonly training: TrainingConfig;
  readonly layout: StateLayout;
  readonly pictures: 'uint8' | 'float32';
  readonly sides: number;
  /** Whether what a step is measured by is among the outputs. */
  readonly measure: boolean;
}

/** Inputs: those of a batch and the scalars; outputs: `perImage` [4, N], and `Measures`. */
function whole({ plan, training, layout, pictures, sides, measure }: Step): Entry {
  return {
    inputs: { ...batchSpecs(plan, training.batchSize, pictures), ...scalarSpecs(layout.averages) },
    run: (given) => {
      const state = unflattenState(given.state, layout);
      const scalars = scalarsOf(given.inputs, layout.averages);
      const backward = { measure, precision: precisionOf(training.precision, given.casts), sides };
      const batch = batchOf(given.inputs, pictures);
      const updates = updatesInPlace(given, training, scalars);
      const result = trainStep(plan, training, state, batch, scalars, given.random, backward, updates);
      return { outputs: { perImage: result.perImage, ...present({ ...result.measured }) } };
    },
  };
}

/**
 * A device's share of a batch, which goes through the network at once. Inputs: as of `accumulate`, and the scalars; outputs:
 * as of `accumulate`, and `UpdateMeasures`.
 */
function share(step: Step): Entry {
  const { training, layout } = step;
  return {
    inputs: { ...partSpecs(step), ...scalarSpecs(layout.averages) },
    partOf: training.batchSize,
    run: (given) => {
      const { gradients, perImage, forward } = gradientsOfPart(step, given);
      return { outputs: { perImage, ...present({ forward }), ...update(step, given, gradients) } };
    },
  };
}

/**
 * Inputs: those of a micro-batch, and `again`, 0 for a step's first and 1 for the others; outputs: `perImage` [4, N] and
 * `forward` of `Measures`.
 */
function accumulate(step: Step): Entry {
  return {
    inputs: partSpecs(step),
    partOf: step.training.batchSize,
    run: (given) => {
      const { gradients, perImage, forward } = gradientsOfPart(step, given);
      for (const [name, gradient] of Object.entries(gradients)) given.inPlace.add(stateNames.sum(name), gradient);
      return { outputs: { perImage, ...present({ forward }) } };
    },
  };
}

/** Inputs: the scalars; output: `UpdateMeasures`. Clears the sums. */
function apply(step: Step): Entry {
  const { layout } = step;
  return {
    inputs: scalarSpecs(layout.averages),
    run: (given) => {
      const sums = layout.parameters.map((name) => [name, given.state[stateNames.sum(name)]!] as const);
      return { outputs: update(step, given, Object.fromEntries(sums), (updates) => clearSums(given, updates)) };
    },
  };
}

function partSpecs({ plan, training, pictures }: Step): Specs {
  return { ...batchSpecs(plan, training.microBatch!, pictures), again: float32() };
}

/** Gradients of some pictures of a batch. */
function gradientsOfPart(
  { plan, training, layout, pictures, sides, measure }: Step,
  { inputs, state, random, casts }: Given,
): Gradients {
  const { parameters: stored, buffers } = unflattenState(state, layout);
  const parameters = inStep(plan, stored, inputs.again as Scalar);
  const backward = { measure, precision: precisionOf(training.precision, casts), sides };
  return gradientsAt({ plan, parameters, buffers }, training, batchOf(inputs, pictures), random, backward);
}

/**
 * Adam and the averages, from the gradients of all parts of the batch on all devices.
 *
 * @param gradients of the parts of this device, added up
 * @param around    what else is done with the updates
 * @returns         `UpdateMeasures`
 */
function update(
  { plan, training, layout, measure }: Step,
  given: Given,
  gradients: Stacks,
  around: (updates: Updates) => Updates = (updates) => updates,
): Tensors {
  const state = unflattenState(given.state, layout);
  const forced = inStep(plan, state.parameters, true);
  const scalars = scalarsOf(given.inputs, layout.averages);
  const updates = around(updatesInPlace(given, training, scalars));
  const summed = given.sumOverDevices(gradients);
  const next = updateState(state, forced, summed, training, scalars, updates);
  if (!measure) return {};
  return present({ ...measureUpdate(plan, training, { current: forced, next: next.parameters, gradients: summed }) });
}

/** Outputs without those that there are not. */
function present(outputs: Readonly<Record<string, Tensor | null>>): Tensors {
  return Object.fromEntries(Object.entries(outputs).filter((output): output is [string, Tensor] => output[1] !== null));
}

/** Inputs that are a batch. @param pictures as which they are fed */
export function batchSpecs({ shape }: NetworkPlan, count: number, pictures: 'uint8' | 'float32'): Specs {
  const { resolution, channels, labelDim } = shape;
  return {
    images: { dtype: pictures, shape: [count, resolution, resolution, channels] },
    ...(labelDim > 0 ? { labels: float32(count, labelDim) } : {}),
  };
}

/** The pictures among an entry's inputs, in the network's range. @param pictures as which they are fed */
export function batchOf(inputs: Given['inputs'], pictures: 'uint8' | 'float32'): Batch {
  const images = inputs.images as Tensor4D;
  return {
    images: pictures === 'uint8' ? encodeBytes(images) : images,
    labels: (inputs.labels as Tensor2D | undefined) ?? null,
  };
}
