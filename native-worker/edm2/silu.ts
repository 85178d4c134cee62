import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from './custom-gradient.ts';

/** Root mean square of silu(x) for x ~ N(0, 1), rounded as in the paper (exactly 0.596469…). */
const SILU_RMS = 0.596;

/** What makes SiLU magnitude-preserving. */
export const MP_SILU_GAIN = 1 / SILU_RMS;

/**
 * SiLU: y = x · sigmoid(x).
 *
 * The gradient is written out from y itself: with s = sigmoid(x), dy/dx = y + s · (1 − y).
 */
export function silu<T extends tf.Tensor>(x: T): T {
  return customGradient(
    x,
    (x) => {
      const s = tf.sigmoid(x);
      const y = tf.mul<T>(x, s);
      return { value: y, saved: [s, y] };
    },
    (dy, [s, y]) => tf.mul(dy, tf.add(y, tf.mul(s, tf.sub(1, y)))),
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
