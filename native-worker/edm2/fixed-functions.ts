import * as tf from '@tensorflow/tfjs-core';
import type { NetworkSwitches } from '../../contract/switches.ts';
import { mpCat, mpSum } from './mp-join.ts';
import { mpSilu } from './mp-silu.ts';

/** The functions of a network that learn nothing. */
export interface FixedFunctions {
  readonly silu: <T extends tf.Tensor>(x: T) => T;
  /** Joins main path `a` and branch `b`; t weighs `b` where magnitudes are preserved. */
  readonly sum: <T extends tf.Tensor>(a: T, b: T, t: number) => T;
  /** Joins main path `a` and skip connection `b` along the channels; t as above. */
  readonly concat: (a: tf.Tensor4D, b: tf.Tensor4D, t: number) => tf.Tensor4D;
}

const magnitudePreserving: FixedFunctions = { silu: mpSilu, sum: mpSum, concat: mpCat };

const plain: FixedFunctions = {
  silu: (x) => tf.tidy(() => tf.mul(x, tf.sigmoid(x))),
  sum: (a, b) => tf.add(a, b),
  concat: (a, b) => tf.concat([a, b], 3),
};

/** Those of config G, or the plain ones of A to F. Source: arXiv:2312.02696, Sec. B.5 and Fig. 16 to 22. */
export function fixedFunctions({ fixedFunctions: kind }: NetworkSwitches): FixedFunctions {
  return kind === 'plain' ? plain : magnitudePreserving;
}
