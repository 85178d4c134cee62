import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from './custom-gradient.ts';

/** Root mean square of silu(x) for x ~ N(0, 1), rounded as in the paper (exactly 0.596469…). */
const SILU_RMS = 0.596;

/**
 * Magnitude-preserving SiLU: y = x · sigmoid(x) / 0.596.
 *
 * The gradient is written out from y itself: with s = sigmoid(x) and c = 1/0.596, dy/dx = y + s · (c − y).
 *
 * Source: arXiv:2312.02696, Eq. 81.
 */
export function mpSilu<T extends tf.Tensor>(x: T): T {
  return customGradient(
    x,
    (x) => {
      const s = tf.sigmoid(x);
      const y = tf.div<T>(tf.mul(x, s), SILU_RMS);
      return { value: y, saved: [s, y] };
    },
    (dy, [s, y]) => tf.mul(dy, tf.add(y, tf.mul(s, tf.sub(1 / SILU_RMS, y)))),
  );
}
