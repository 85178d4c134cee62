import * as tf from '@tensorflow/tfjs-core';

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
