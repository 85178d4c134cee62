import * as tf from '@tensorflow/tfjs-core';
import type { NetworkSwitches } from '../../../contract/switches.ts';
import { mpCat, mpSum, mpSumWeights } from './mp-join.ts';
import { MP_SILU_GAIN, mpSilu, silu } from './silu.ts';

/**
 * The functions of a network that learn nothing. Where a convolution follows or precedes, blocks use bare SiLU and a
 * bare sum and leave their constant factors to the convolution (`scale` in `learnedLayers`): to multiply its filters
 * costs next to nothing, to multiply activations a pass over memory.
 */
export interface FixedFunctions {
  readonly silu: <T extends tf.Tensor>(x: T) => T;
  /** `silu` is this times x · sigmoid(x). */
  readonly siluGain: number;
  /** Joins main path `a` and branch `b`; t weighs `b` where magnitudes are preserved. */
  readonly sum: <T extends tf.Tensor>(a: T, b: T, t: number) => T;
  /** `sum` is the first of these times `a` plus the second times `b`. */
  readonly sumWeights: (t: number) => readonly [number, number];
  /** Joins main path `a` and skip connection `b` along the channels; t as above. */
  readonly concat: (a: tf.Tensor4D, b: tf.Tensor4D, t: number) => tf.Tensor4D;
}

const magnitudePreserving: FixedFunctions = {
  silu: mpSilu,
  siluGain: MP_SILU_GAIN,
  sum: mpSum,
  sumWeights: mpSumWeights,
  concat: mpCat,
};

const plain: FixedFunctions = {
  silu,
  siluGain: 1,
  sum: (a, b) => tf.add(a, b),
  sumWeights: () => [1, 1],
  concat: (a, b) => tf.concat([a, b], 3),
};

/** Those of config G, or the plain ones of A to F. Source: arXiv:2312.02696, Sec. B.5 and Fig. 16 to 22. */
export function fixedFunctions({ fixedFunctions: kind }: NetworkSwitches): FixedFunctions {
  return kind === 'plain' ? plain : magnitudePreserving;
}
