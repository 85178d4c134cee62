import type { Scalar, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../contract/architecture.ts';
import type { TrainingConfig } from '../../contract/training.ts';
import { gradientsAt, inStep, microBatches } from '../edm2/training/gradients.ts';
import { encodeBytes } from '../edm2/tensors/pixels.ts';
import { precisionOf } from '../edm2/tensors/precision.ts';
import { trainStep, updateState, weightMagnitudes } from '../edm2/training/step.ts';
import type { Batch } from '../edm2/tensors/types.ts';
import { float32, type Entry, type Given, type Specs } from '../engine/recording/program.ts';
import { zerosOf, type HostTensor } from '../engine/session/host-tensor.ts';
import { stateNames, unflattenState, type StateLayout } from './flat-state.ts';
import { scalarSpecs, scalarsOf } from './scalar-inputs.ts';
import { clearSums, updatesInPlace } from './updates-in-place.ts';

/** The part of a program that takes training steps. */
export interface TrainingStep {
  /** What it keeps beside the training state: where there are micro-batches, the sums of their gradients. */
  readonly sums: Specs;
  /** `train`; or `accumulate`, once a micro-batch, and `apply`. */
  readonly entries: Readonly<Record<string, Entry>>;
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
 * @param pictures as which they are fed: bytes, which the graph encodes, or numbers in the network's range
 * @param sides    parts of a pass that are computed side by side (`sidesFor`)
 */
export function trainingStep(
  plan: NetworkPlan,
  training: TrainingConfig,
  layout: StateLayout,
  pictures: 'uint8' | 'float32' = 'uint8',
  sides = 1,
): TrainingStep {
  const step = { plan, training, layout, pictures, sides };
  if (microBatches(training) === 1) return { sums: {}, entries: { train: whole(step) } };
  const sums = layout.parameters.map((name) => [stateNames.sum(name), float32(...layout.shapes[name]!)] as const);
  return {
    sums: Object.fromEntries(sums),
    entries: { accumulate: accumulate(step), apply: apply(step) },
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
}

/** Inputs: those of a batch and the scalars; outputs: `lossPerImage` [N], and `weights` and `activations`, magnitudes. */
function whole({ plan, training, layout, pictures, sides }: Step): Entry {
  return {
    inputs: { ...batchSpecs(plan, training.batchSize, pictures), ...scalarSpecs(layout.averages) },
    run: (given) => {
      const state = unflattenState(given.state, layout);
      const scalars = scalarsOf(given.inputs, layout.averages);
      const backward = { measure: true, precision: precisionOf(training.precision, given.casts), sides };
      const batch = batchOf(given.inputs, pictures);
      const updates = updatesInPlace(given, training, scalars);
      const result = trainStep(plan, training, state, batch, scalars, given.random, backward, updates);
      const { weights, activations } = result.magnitudes!;
      return { outputs: { lossPerImage: result.lossPerImage, weights, activations } };
    },
  };
}

/**
 * Inputs: those of a micro-batch, and `again`, 0 for a step's first and 1 for the others; outputs: `lossPerImage` [N] and
 * `meanSquares` of the blocks' outputs [blocks].
 */
function accumulate({ plan, training, layout, pictures, sides }: Step): Entry {
  return {
    inputs: { ...batchSpecs(plan, training.microBatch!, pictures), again: float32() },
    partOf: training.batchSize,
    run: ({ inputs, state, random, casts, inPlace }) => {
      const { parameters: stored, buffers } = unflattenState(state, layout);
      const parameters = inStep(plan, stored, inputs.again as Scalar);
      const backward = { measure: true, precision: precisionOf(training.precision, casts), sides };
      const network = { plan, parameters, buffers };
      const result = gradientsAt(network, training, batchOf(inputs, pictures), random, backward);
      for (const [name, gradient] of Object.entries(result.gradients)) inPlace.add(stateNames.sum(name), gradient);
      return { outputs: { lossPerImage: result.lossPerImage, meanSquares: result.meanSquares! } };
    },
  };
}

/** Inputs: the scalars; output: `weights`, magnitudes. Clears the sums. */
function apply({ plan, training, layout }: Step): Entry {
  return {
    inputs: scalarSpecs(layout.averages),
    run: (given) => {
      const state = unflattenState(given.state, layout);
      const forced = inStep(plan, state.parameters, true);
      const gradients = Object.fromEntries(layout.parameters.map((name) => [name, given.state[stateNames.sum(name)]!]));
      const scalars = scalarsOf(given.inputs, layout.averages);
      const updates = clearSums(given, updatesInPlace(given, training, scalars));
      updateState(state, forced, gradients, training, scalars, updates);
      return { outputs: { weights: weightMagnitudes(plan, forced) } };
    },
  };
}

function batchSpecs({ shape }: NetworkPlan, count: number, pictures: Step['pictures']): Specs {
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
