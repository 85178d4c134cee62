import type * as tf from '@tensorflow/tfjs-core';
import { isFloat32, type Precision as PrecisionName } from '../../../contract/precision.ts';
import { customGradient } from './kernels.ts';

/** What an engine offers that keeps numbers in fewer bits; to tfjs both results are float32. */
export interface Casts {
  /** Rounds to the reduced type; nothing happens to what is there already. */
  readonly reduce: <T extends tf.Tensor>(x: T) => T;
  /** Back to float32. */
  readonly restore: <T extends tf.Tensor>(x: T) => T;
}

/**
 * Where a network goes to reduced precision and comes back. What is computed from reduced tensors stays reduced, sums
 * and norms excepted, until it is restored. docs/precision.md says which parts stay in float32 and why.
 */
export interface Precision {
  /** Activations that go into a convolution or a product of activations. */
  readonly activations: <T extends tf.Tensor>(x: T) => T;
  /** A weight, normalised and scaled already; its gradient is restored, so that it adds up in float32. */
  readonly weight: <T extends tf.Tensor>(w: T) => T;
  /** What leaves the network. */
  readonly restore: <T extends tf.Tensor>(x: T) => T;
}

/** Everything stays in float32. */
export const fullPrecision: Precision = {
  activations: (x) => x,
  weight: (w) => w,
  restore: (x) => x,
};

/**
 * The policy of the paper's code: float32 weights and ends, reduced activations between them.
 *
 * @param casts of an engine that was told to reduce to that precision
 */
export function precisionOf(name: PrecisionName, { reduce, restore }: Casts): Precision {
  if (isFloat32(name)) return fullPrecision;
  const asItComes = (dy: tf.Tensor): tf.Tensor => dy.clone();
  const mark = <T extends tf.Tensor>(x: T, forward: (x: T) => T, backward: (dy: tf.Tensor) => tf.Tensor): T =>
    customGradient(x, (x) => ({ value: forward(x), saved: [] }), backward);
  return {
    activations: (x) => mark(x, reduce, asItComes),
    weight: (w) => mark(w, reduce, restore),
    restore: (x) => mark(x, restore, asItComes),
  };
}
