import * as tf from '@tensorflow/tfjs-core';

/**
 * Magnitude-preserving Fourier features: y[n, i] = sqrt(2) · cos(a[n] · f[i] + φ[i]).
 *
 * @param a      c_noise = ln(σ)/4, [N]
 * @param freqs  f, 2π · N(0, 1), [channels]
 * @param phases φ, 2π · U(0, 1), [channels]
 * @returns      [N, channels]
 *
 * Source: arXiv:2312.02696, Eq. 75; the stored buffers hold the 2π already. There is no sine half.
 */
export function mpFourier(a: tf.Tensor1D, freqs: tf.Tensor1D, phases: tf.Tensor1D): tf.Tensor2D {
  return tf.tidy(() =>
    tf.mul(tf.cos(tf.add(tf.mul(tf.reshape(a, [-1, 1]), tf.reshape(freqs, [1, -1])), phases)), Math.SQRT2),
  );
}
