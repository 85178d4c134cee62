import type { Scalar, Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../contract/architecture.ts';
import { layerScope } from '../../contract/profile.ts';
import type { Precision as PrecisionName } from '../../contract/precision.ts';
import { readyFromStacks } from '../edm2/network/network.ts';
import { precisionOf } from '../edm2/tensors/precision.ts';
import type { PerImage, Stacks } from '../edm2/tensors/types.ts';
import { evaluate } from '../edm2/training/evaluate.ts';
import { unitMagnitudes } from '../edm2/training/measure-update.ts';
import { float32, type Entry } from '../engine/recording/program.ts';
import type { GraphSession } from '../engine/session/graph-session.ts';
import { numberOf, type HostTensor } from '../engine/session/host-tensor.ts';
import { tf } from '../engine/tensorflow.ts';
import { unflattenState, type StateLayout } from './flat-state.ts';
import { rowsOf } from './take-step.ts';
import { batchOf, batchSpecs } from './training-step.ts';

/** A network of a training state: the weights as they are trained, or one of their averages, counted from 0. */
export type Evaluated = 'raw' | number;

/** Pictures to evaluate a network on, as an entry is fed with them. The first dimension of each is the pictures. */
export interface HostNoisyBatch {
  /** Bytes, [N, R, R, channels]. */
  readonly images: HostTensor<'uint8'>;
  /** One-hot classes, [N, labelDim]; null: the network knows none. */
  readonly labels: HostTensor<'float32'> | null;
  /** Noise levels, [N]. */
  readonly sigma: HostTensor<'float32'>;
  /** Standard normal, of the shape of the images. */
  readonly noise: HostTensor<'float32'>;
}

/** `Evaluation`, on the host. */
export interface HostEvaluation {
  readonly perImage: PerImage<Float32Array>;
  /** Numbers of `forwardSegments`. */
  readonly forward: Float32Array;
  /** `unitMagnitudes` of the stored weights. */
  readonly units: Float32Array;
}

export const EVALUATE = 'evaluate';

const SCOPE = layerScope('weights', 'evaluation');

/**
 * The entry that evaluates the networks of a training state. There is one for all of them, so that there is one graph of the
 * network to plan: which weights, is an input.
 *
 * @param count pictures at once
 * @param sides parts of them that are computed side by side (`sidesFor`), where they divide them
 */
export function evaluationEntry(
  plan: NetworkPlan,
  precision: PrecisionName,
  layout: StateLayout,
  count: number,
  sides: number,
): Entry {
  const { resolution, channels } = plan.shape;
  return {
    inputs: {
      ...batchSpecs(plan, count, 'uint8'),
      sigma: float32(count),
      noise: float32(count, resolution, resolution, channels),
      network: float32(),
    },
    run: ({ inputs, state, casts }) => {
      const { parameters, averages, buffers } = unflattenState(state, layout);
      const used = precisionOf(precision, casts);
      const chosen = chooseStacks([parameters, ...averages], inputs.network as Scalar);
      const network = readyFromStacks({ plan, parameters: chosen, buffers }, used);
      const noise = { sigma: inputs.sigma as Tensor1D, noise: inputs.noise as Tensor4D };
      const parts = count % sides === 0 ? sides : 1;
      const evaluation = evaluate(network, { ...batchOf(inputs, 'uint8'), ...noise }, used, parts);
      return { outputs: { ...evaluation, units: tf.tidy(SCOPE, () => unitMagnitudes(plan, chosen)) } };
    },
  };
}

/** The stacks of a number, which is known only when the graph runs. */
function chooseStacks([first, ...others]: readonly Stacks[], which: Scalar): Stacks {
  const choose = (name: string): Tensor =>
    others.reduce<Tensor>(
      (chosen, stacks, index) => tf.where(tf.equal(which, index + 1), stacks[name]!, chosen),
      first![name]!,
    );
  return tf.tidy(SCOPE, () => Object.fromEntries(Object.keys(first!).map((name) => [name, choose(name)])));
}

/**
 * Evaluates a network in a session whose program has the entry.
 *
 * @param batch   as many pictures as the entry takes
 * @param measure whether its magnitudes are wanted, too; else they are not computed, where the graph has a choice, and are empty
 */
export async function evaluateInSession(
  session: GraphSession,
  network: Evaluated,
  { images, labels, sigma, noise }: HostNoisyBatch,
  measure: boolean,
): Promise<HostEvaluation> {
  const inputs = { images, sigma, noise, ...(labels === null ? {} : { labels }) };
  const { perImage, forward, units } = await session.run(
    EVALUATE,
    { ...inputs, network: numberOf(network === 'raw' ? 0 : network + 1) },
    drawsNothing,
    measure ? ['perImage', 'forward', 'units'] : ['perImage'],
  );
  return {
    perImage: rowsOf(perImage!.values as Float32Array),
    forward: (forward?.values as Float32Array | undefined) ?? new Float32Array(),
    units: (units?.values as Float32Array | undefined) ?? new Float32Array(),
  };
}

function drawsNothing(purpose: string): never {
  throw new Error(`an evaluation draws random numbers for ${purpose}`);
}
