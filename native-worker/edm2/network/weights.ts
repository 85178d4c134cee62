import * as tf from '@tensorflow/tfjs-core';
import { layerScope } from '../../../contract/profile.ts';
import type { NetworkSwitches } from '../../../contract/switches.ts';
import { fullPrecision, type Precision } from '../tensors/precision.ts';
import type { Parameters, Stacks } from '../tensors/types.ts';
import type { Layer } from './layers.ts';
import { normalize, normalizeAgain } from './normalize.ts';
import { upFilters } from './resample.ts';
import { rowsOf, type Stack } from './stacks.ts';

/**
 * Parameters as the layers use them. Weights are as stored (A to C) or of unit norm (D to G): every output unit has L2
 * norm 1, so that input of unit magnitude with uncorrelated entries comes out with unit magnitude. Then follow the layer's
 * constants and its gain (G). Forcing stored weights (E to G) is not done here but once a training step.
 *
 * @param stored    a stack of stored parameters, of any scale
 * @param precision of the filters; weights of linear layers stay in float32
 * @returns         by official names, gains left out; filters of 1×1 convolutions as [Cin, Cout], of `up` ones by `upFilters`
 *
 * Source: arXiv:2312.02696, Eq. 47. ‖w‖₂ = rms(w) · sqrt(N) with N the fan-in, hence 1/sqrt(N).
 */
export function parametersInUse(
  stacks: readonly Stack[],
  layers: readonly Layer[],
  { weightNorm }: Pick<NetworkSwitches, 'weightNorm'>,
  stored: (stack: Stack) => tf.Tensor,
  precision: Precision = fullPrecision,
): Parameters {
  const layerOf = new Map(
    layers.flatMap((layer) => [`weight`, 'bias'].map((role) => [`${layer.name}.${role}`, layer])),
  );
  const gains = gainsOf(stacks, stored);
  const used: Record<string, tf.Tensor> = {};
  for (const stack of stacks.filter((stack) => !isGain(stack))) {
    const users = stack.members.map((member) => layerOf.get(member));
    const tensors = tf.tidy(layerScope('weights', stack.name), () => {
      const x = stored(stack);
      if (isWeight(stack)) return weightsInUse(x, users as Layer[], weightNorm !== 'none', gains, precision);
      const outputScales = users.map((layer) => layer?.outputScale ?? 1);
      return rowsOf(sorted(multiplied(x, outputScales), users[0]));
    });
    for (const [index, member] of stack.members.entries()) used[member] = tensors[index]!;
  }
  tf.dispose([...gains.values()]);
  return used;
}

/**
 * Weights of layers that use them alike: w ← (inputScale · outputScale · g) · w/(‖w‖ + ε√N), without the division in A to C.
 *
 * @param x stored weights of one shape, [layers, K, K, Cin, Cout] or [layers, in, out]
 * @returns of each layer, as `parametersInUse` says
 *
 * Source: arXiv:2312.02696, Eq. 47 and, for the gain g, 104.
 */
function weightsInUse(
  x: tf.Tensor,
  layers: readonly Layer[],
  unitNorm: boolean,
  gains: ReadonlyMap<string, tf.Tensor>,
  { weight: reduced }: Precision,
): tf.Tensor[] {
  const scales = layers.map(({ inputScale = 1, outputScale = 1 }) => inputScale * outputScale);
  const root = Math.sqrt(x.size / x.shape[0] / x.shape.at(-1)!);
  let w = unitNorm ? normalize(x, unitAxes(x), perMember(scales, x.rank, 1 / root)) : multiplied(x, scales);
  const factors = layers.flatMap(({ gain = '' }) => gains.get(gain) ?? []);
  if (factors.length > 0) w = tf.mul(w, tf.reshape(tf.stack(factors), memberShape(factors.length, x.rank)));
  w = sorted(w, layers[0]);
  if (layers[0]!.kind === 'linear') return rowsOf(w);
  if (layers[0]!.kind === 'up') return rowsOf(w).map((filters) => reduced(upFilters(filters as tf.Tensor4D)));
  return rowsOf(reduced(asMatrices(w)));
}

/**
 * Forced weight normalisation: every output unit of every stored weight gets unit root mean square, without gradient;
 * gains stay. It happens before the forward pass in training, and must not replace normalisation on use: without that
 * one's gradient Adam's second moment would fill with the component that is deleted here.
 *
 * @param again whether to do it twice, or a scalar that says so by 1 or 0. The second time leaves 0.9999 of what the first
 *   left, and what the first left out
 * @returns new tensors for all stacks; the caller disposes them
 *
 * Source: arXiv:2312.02696, Eq. 66.
 */
export function forceNormalize(stacks: readonly Stack[], stored: Stacks, again: boolean | tf.Scalar = false): Stacks {
  const forced = stacks.map((stack) => {
    const force = (): tf.Tensor => forceStack(stack, stored[stack.name]!, again);
    return [stack.name, tf.tidy(layerScope('weights', stack.name), force)] as const;
  });
  return Object.fromEntries(forced);
}

/** The same of one stack. @param x its parameters as stored */
export function forceStack(stack: Stack, x: tf.Tensor, again: boolean | tf.Scalar): tf.Tensor {
  return isWeight(stack) ? normalizeAgain(x, unitAxes(x), again) : x.clone();
}

/** 1×1 filters as the matrices that they are. */
function asMatrices(filters: tf.Tensor): tf.Tensor {
  const [members, kernel, , cin, cout] = filters.shape as [number, number, number, number, number];
  return kernel === 1 ? tf.reshape(filters, [members, cin, cout]) : filters;
}

/** Whether its members are normalised. */
export function isWeight({ members }: Stack): boolean {
  return members[0]!.endsWith('.weight');
}

/** Gains are the only scalars. */
function isGain({ shape }: Stack): boolean {
  return shape.length === 0;
}

/** Axes that make up one output unit of stacked weights: all but first and last in [n, K, K, Cin, Cout] and [n, in, out]. */
export function unitAxes(stack: tf.Tensor): number[] {
  return Array.from({ length: stack.rank - 2 }, (_, axis) => axis + 1);
}

/** Learned scalars by their names. */
function gainsOf(stacks: readonly Stack[], stored: (stack: Stack) => tf.Tensor): Map<string, tf.Tensor> {
  const gains = stacks.filter(isGain).flatMap((stack) => {
    const scalars = tf.tidy(layerScope('weights', stack.name), () => rowsOf(stored(stack)));
    return stack.members.map((member, index) => [member, scalars[index]!] as const);
  });
  return new Map(gains);
}

/** A factor for each member of a stack, as a number where it is the same for all. */
function perMember(factors: readonly number[], rank: number, common = 1): number | tf.Tensor {
  const scaled = factors.map((factor) => factor * common);
  if (scaled.every((factor) => factor === scaled[0])) return scaled[0]!;
  return tf.tensor(scaled, memberShape(scaled.length, rank));
}

function multiplied(x: tf.Tensor, factors: readonly number[]): tf.Tensor {
  return factors.every((factor) => factor === 1) ? x.clone() : tf.mul(x, perMember(factors, x.rank));
}

/** A number a member, to be broadcast. */
function memberShape(members: number, rank: number): number[] {
  return [members, ...new Array<number>(rank - 1).fill(1)];
}

function sorted(x: tf.Tensor, layer: Layer | undefined): tf.Tensor {
  return layer?.kind === 'qkv' ? sortQkv(x) : x;
}

/**
 * Sorts what belongs to the outputs of `attn_qkv`, its filters or its biases, so that the outputs stand as [q | k | v],
 * each [heads, C]. Official files (and so our stored weights) interleave them: output (head · C + channel) · 3 +
 * {0: q, 1: k, 2: v}. Sorting the filters is cheaper than sorting what they put out.
 *
 * @param x filters [..., Cin, 3·heads·C] or biases [..., 3·heads·C]
 */
export function sortQkv<T extends tf.Tensor>(x: T): T {
  const width = x.shape.at(-1)!;
  return tf.tidy(() =>
    tf.reshape(tf.transpose(tf.reshape(x, [x.size / width, width / 3, 3]), [0, 2, 1]), x.shape),
  ) as T;
}
