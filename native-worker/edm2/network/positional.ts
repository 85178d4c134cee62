import * as tf from '@tensorflow/tfjs-core';

/** Ratio of the highest to the lowest frequency, nearly. */
const SPAN = 10_000;

/**
 * Noise features of A and B: cos(a f_i) for all i, then sin(a f_i), with f_i = 10000^(−i/h), i = 0 … h − 1.
 *
 * @param a        c_noise = ln(σ)/4, [N]
 * @param channels 2h, even
 * @returns        [N, channels]
 *
 * Source: EDM's ADM network, after Vaswani et al., arXiv:1706.03762, Sec. 3.5.
 */
export function positionalFeatures(a: tf.Tensor1D, channels: number): tf.Tensor2D {
  const half = channels / 2;
  return tf.tidy(() => {
    const frequencies = tf.tensor2d(
      Array.from({ length: half }, (_, i) => SPAN ** (-i / half)),
      [1, half],
    );
    const angles = tf.mul<tf.Tensor2D>(tf.reshape(a, [-1, 1]), frequencies);
    return tf.concat<tf.Tensor2D>([tf.cos(angles), tf.sin(angles)], 1);
  });
}
