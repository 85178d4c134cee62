import * as tf from '@tensorflow/tfjs-core';

/**
 * The training loss of each element: λ(σ)/e^u · (D − y)² + u, with λ(σ) = (σ² + σ_data²)/(σ σ_data)².
 *
 * @param denoised  D, [N, H, W, C]
 * @param clean     y, [N, H, W, C]
 * @param sigma     noise levels, [N]
 * @param u         learned log-variance, [N, 1, 1, 1]; null: not learned (config A), which leaves λ(σ) (D − y)²
 * @param sigmaData standard deviation of the data
 * @returns         [N, H, W, C]
 *
 * Source: arXiv:2312.02696, Eq. 14–16 and 21.
 */
export function elementLoss(
  denoised: tf.Tensor4D,
  clean: tf.Tensor4D,
  sigma: tf.Tensor1D,
  u: tf.Tensor4D | null,
  sigmaData: number,
): tf.Tensor4D {
  if (u === null) return weightedError(denoised, clean, sigma, sigmaData);
  return tf.tidy(() => {
    const weight = tf.div(lossWeight(sigma, sigmaData), tf.exp(u));
    return tf.add(tf.mul(weight, tf.square(tf.sub(denoised, clean))), u);
  });
}

/**
 * The error of each element, λ(σ) (D − y)²: the loss without what is learned of it. It is 1 on average where F is 0 and
 * the data has mean 0 and the standard deviation `sigmaData`.
 *
 * @returns [N, H, W, C]; the parameters are those of `elementLoss`
 *
 * Source: arXiv:2312.02696, Eq. 14–16.
 */
export function weightedError(
  denoised: tf.Tensor4D,
  clean: tf.Tensor4D,
  sigma: tf.Tensor1D,
  sigmaData: number,
): tf.Tensor4D {
  return tf.tidy(() => tf.mul(lossWeight(sigma, sigmaData), tf.square(tf.sub(denoised, clean))));
}

/** λ(σ), [N, 1, 1, 1]. */
function lossWeight(sigma: tf.Tensor1D, sigmaData: number): tf.Tensor {
  const s = tf.reshape(sigma, [-1, 1, 1, 1]);
  return tf.div(tf.add(tf.square(s), sigmaData ** 2), tf.square(tf.mul(s, sigmaData)));
}

/**
 * Noise levels of a training batch: ln σ ~ N(P_mean, P_std²).
 *
 * @param normal standard normal numbers, [N]
 * @returns      σ, in units of the data, [N]
 *
 * Source: arXiv:2312.02696, Eq. 15.
 */
export function trainingSigma(normal: tf.Tensor1D, pMean: number, pStd: number): tf.Tensor1D {
  return tf.tidy(() => tf.exp(tf.add(tf.mul(normal, pStd), pMean)));
}
