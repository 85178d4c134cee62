import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from '../tensors/custom-gradient.ts';
import { sigmoidGradient } from '../tensors/kernels.ts';

/** Root mean square of silu(x) for x ~ N(0, 1), rounded as in the paper (exactly 0.596469…). */
const SILU_RMS = 0.596;

/** What makes SiLU magnitude-preserving. */
export const MP_SILU_GAIN = 1 / SILU_RMS;

/**
 * SiLU: y = x · sigmoid(x).
 *
 * The gradient is written out: with s = sigmoid(x), dy/dx = s + x · s · (1 − s).
 */
export function silu<T extends tf.Tensor>(x: T): T {
  return customGradient(
    x,
    (x) => {
      const s = tf.sigmoid(x);
      return { value: tf.mul<T>(x, s), saved: [x, s] };
    },
    (dy, [x, s]) => tf.mul(dy, tf.add(s, sigmoidGradient(s, x))),
  );
}

/**
 * Magnitude-preserving SiLU: y = x · sigmoid(x) / 0.596.
 *
 * Source: arXiv:2312.02696, Eq. 81.
 */
export function mpSilu<T extends tf.Tensor>(x: T): T {
  return tf.tidy(() => tf.div<T>(silu(x), SILU_RMS));
}
