import * as tf from '@tensorflow/tfjs-core';
import type { ChurnConfig } from '../../contract/training.ts';
import { heunStep } from './heun.ts';
import type { Denoiser } from './heun.ts';

/** Most by which one step may raise the noise level, as a factor less 1: it at most doubles the variance. */
const MOST = Math.SQRT2 - 1;

/**
 * The noise level to which a step first goes up: σ (1 + γ), γ = min(S_churn/N, √2 − 1) where S_min ≤ σ ≤ S_max.
 *
 * @param steps N
 *
 * Source: EDM, arXiv:2206.00364, Alg. 2 and Eq. 37 there.
 */
export function churnedLevel({ amount, min, max }: ChurnConfig, sigma: number, steps: number): number {
  if (sigma < min || sigma > max) return sigma;
  return sigma * (1 + Math.min(amount / steps, MOST));
}

/**
 * One stochastic step: up to a higher noise level with fresh noise, from there to the next level by Heun's method.
 *
 * @param steps N, all steps of the sampler
 * @param fresh gives standard normal numbers of the shape of `x`; not called where nothing is added
 */
export function stochasticStep(
  denoise: Denoiser,
  x: tf.Tensor4D,
  sigma: number,
  next: number,
  churn: ChurnConfig,
  steps: number,
  fresh: () => tf.Tensor4D,
): tf.Tensor4D {
  const level = churnedLevel(churn, sigma, steps);
  if (level === sigma) return heunStep(denoise, x, sigma, next);
  return tf.tidy(() => {
    const added = Math.sqrt(level ** 2 - sigma ** 2) * churn.noise;
    return heunStep(denoise, tf.add(x, tf.mul(fresh(), added)), level, next);
  });
}
