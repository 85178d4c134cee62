import * as tf from '@tensorflow/tfjs-core';
import type { NetworkSwitches } from '../../../contract/switches.ts';
import { customGradient } from '../tensors/kernels.ts';

/** Root mean square of silu(x) for x ~ N(0, 1), rounded as in the paper (exactly 0.596469…). */
const SILU_RMS = 0.596;

/** What makes SiLU magnitude-preserving. */
export const MP_SILU_GAIN = 1 / SILU_RMS;

/**
 * SiLU: y = x · sigmoid(x).
 *
 * The gradient is written out, from what is kept anyway: with s = sigmoid(x), dy/dx = s + x · s · (1 − s) = y + s · (1 − y).
 */
export function silu<T extends tf.Tensor>(x: T): T {
  return customGradient(
    x,
    (x) => {
      const s = tf.sigmoid(x);
      const y = tf.mul<T>(x, s);
      return { value: y, saved: [y, s] };
    },
    (dy, [y, s]) => tf.mul(dy, tf.add(y, tf.mul(s, tf.sub(1, y)))),
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

/**
 * Magnitude-preserving sum: ((1 − t) a + t b) / sqrt((1 − t)² + t²). t weighs the second argument.
 *
 * @param a main path
 * @param b residual branch, attention or class embedding
 * @param t in [0, 1]: 0.3 in blocks, 0.5 in the embedding
 *
 * Source: arXiv:2312.02696, Eq. 88.
 */
export function mpSum<T extends tf.Tensor>(a: T, b: T, t: number): T {
  const [main, branch] = mpSumWeights(t);
  return tf.tidy(() => tf.add(tf.mul(a, main), tf.mul(b, branch)));
}

/** The factors of `a` and `b` in that sum. */
export function mpSumWeights(t: number): [number, number] {
  const norm = Math.hypot(1 - t, t);
  return [(1 - t) / norm, t / norm];
}

/**
 * Magnitude-preserving concatenation along the channels: both parts contribute as if they had equally many channels,
 * in the ratio (1 − t) : t.
 *
 * @param a main path, [N, H, W, Na]
 * @param b skip connection, [N, H, W, Nb]
 * @param t in (0, 1), weight of `b`
 * @returns [N, H, W, Na + Nb]
 *
 * Source: arXiv:2312.02696, Eq. 103.
 */
export function mpCat(a: tf.Tensor4D, b: tf.Tensor4D, t: number): tf.Tensor4D {
  const na = a.shape[3];
  const nb = b.shape[3];
  const norm = Math.sqrt((na + nb) / ((1 - t) ** 2 + t ** 2));
  return tf.tidy(() =>
    tf.concat([tf.mul(a, (norm * (1 - t)) / Math.sqrt(na)), tf.mul(b, (norm * t) / Math.sqrt(nb))], 3),
  );
}

/**
 * The functions of a network that learn nothing. Blocks of F and G use bare SiLU and a bare sum where a layer stands
 * beside them, and leave the constant factor to that layer's weight (`inputScale` and `outputScale` of `Layer`): to
 * multiply filters costs next to nothing, to multiply activations a pass over memory.
 */
export interface FixedFunctions {
  /** SiLU, in G magnitude-preserving. */
  readonly activation: <T extends tf.Tensor>(x: T) => T;
  /** `activation` is this times the bare x · sigmoid(x). */
  readonly activationGain: number;
  /** Joins main path `a` and branch `b`; t weighs `b` where magnitudes are preserved. */
  readonly sum: <T extends tf.Tensor>(a: T, b: T, t: number) => T;
  /** `sum` is the first of these times `a` plus the second times `b`. */
  readonly sumWeights: (t: number) => readonly [number, number];
  /** Joins main path `a` and skip connection `b` along the channels; t as above. */
  readonly concat: (a: tf.Tensor4D, b: tf.Tensor4D, t: number) => tf.Tensor4D;
}

const magnitudePreserving: FixedFunctions = {
  activation: mpSilu,
  activationGain: MP_SILU_GAIN,
  sum: mpSum,
  sumWeights: mpSumWeights,
  concat: mpCat,
};

const plain: FixedFunctions = {
  activation: silu,
  activationGain: 1,
  sum: (a, b) => tf.add(a, b),
  sumWeights: () => [1, 1],
  concat: (a, b) => tf.concat([a, b], 3),
};

/** Those of config G, or the plain ones of A to F. Source: arXiv:2312.02696, Sec. B.5 and Fig. 16 to 22. */
export function fixedFunctions({ fixedFunctions: kind }: NetworkSwitches): FixedFunctions {
  return kind === 'plain' ? plain : magnitudePreserving;
}
