import * as tf from '@tensorflow/tfjs-core';
import type { NetworkSwitches } from '../../contract/switches.ts';
import { sortQkv } from './attention.ts';
import { mpWeight } from './mp-layers.ts';
import type { Forward } from './types.ts';

/** Convolutions and linear layers of a network, by the names of their parameters without ".weight". */
export interface LearnedLayers {
  /** Zero-padded convolution of [N, H, W, Cin], times the scalar parameter `gain` if one is named and exists. */
  readonly conv: (name: string, x: tf.Tensor4D, gain?: string) => tf.Tensor4D;
  /** Linear layer of [N, in]. */
  readonly linear: (name: string, x: tf.Tensor2D, gain?: string) => tf.Tensor2D;
  /** The 1×1 convolution before attention, its output sorted as `attend` wants it. */
  readonly qkv: (name: string, x: tf.Tensor4D) => tf.Tensor4D;
}

/**
 * The layers of a rung: weights as stored (A to C) or of unit norm (D to G, Eq. 47), then the gain (G), then the bias
 * (A, B). Forcing stored weights (E to G) is not done here but once a training step. Every output is observed.
 * Linear layers, which see the embedding alone, are in float32 whatever the precision.
 */
export function learnedLayers(
  { parameters, observe, precision }: Pick<Forward, 'parameters' | 'observe' | 'precision'>,
  { weightNorm }: NetworkSwitches,
): LearnedLayers {
  const inUse = (name: string, gainName?: string): tf.Tensor => {
    const stored = parameters[`${name}.weight`]!;
    const gain = gainName === undefined ? null : ((parameters[gainName] as tf.Scalar | undefined) ?? null);
    if (weightNorm !== 'none') return mpWeight(stored, gain);
    return gain === null ? stored : tf.mul(stored, gain);
  };
  const filters = (name: string, gainName?: string): tf.Tensor4D => inUse(name, gainName) as tf.Tensor4D;
  const { activations, weight } = precision;
  const convolve = (x: tf.Tensor4D, w: tf.Tensor4D): tf.Tensor4D => tf.conv2d(activations(x), weight(w), 1, 'same');
  const finish = <T extends tf.Tensor>(name: string, y: T, sort = <B extends tf.Tensor>(bias: B): B => bias): T => {
    const bias = parameters[`${name}.bias`];
    const output: T = bias === undefined ? y : tf.add(y, sort(bias));
    observe?.(name, output);
    return output;
  };
  return {
    conv: (name, x, gain) => tf.tidy(() => finish(name, convolve(x, filters(name, gain)))),
    linear: (name, x, gain) => tf.tidy(() => finish(name, tf.matMul<tf.Tensor2D>(x, inUse(name, gain)))),
    qkv: (name, x) => tf.tidy(() => finish(name, convolve(x, sortQkv(filters(name))), sortQkv)),
  };
}
