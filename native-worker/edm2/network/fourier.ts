import * as tf from '@tensorflow/tfjs-core';

/**
 * Fourier features: y[n, i] = cos(a[n] · f[i] + φ[i]).
 *
 * @param a      c_noise = ln(σ)/4, [N]
 * @param freqs  f, 2π · N(0, 1), [channels]
 * @param phases φ, 2π · U(0, 1), [channels]
 * @returns      [N, channels]
 *
 * Source: arXiv:2312.02696, Eq. 35; the stored buffers hold the 2π already. There is no sine half.
 */
export function fourier(a: tf.Tensor1D, freqs: tf.Tensor1D, phases: tf.Tensor1D): tf.Tensor2D {
  return tf.tidy(() => tf.cos(tf.add(tf.mul(tf.reshape(a, [-1, 1]), tf.reshape(freqs, [1, -1])), phases)));
}

/** Magnitude-preserving Fourier features: the same times sqrt(2). Source: arXiv:2312.02696, Eq. 75. */
export function mpFourier(a: tf.Tensor1D, freqs: tf.Tensor1D, phases: tf.Tensor1D): tf.Tensor2D {
  return tf.tidy(() => tf.mul(fourier(a, freqs, phases), Math.SQRT2));
}
