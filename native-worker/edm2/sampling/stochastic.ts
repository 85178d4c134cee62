import * as tf from '@tensorflow/tfjs-core';
import type { ChurnConfig, SamplerConfig } from '../../../contract/training.ts';
import { heunStages, samplerSigmas } from './heun.ts';
import type { SamplerState, Stage } from './heun.ts';

/** Most by which one step may raise the noise level, as a factor less 1: it at most doubles the variance. */
const MOST = Math.SQRT2 - 1;

/** One step of the sampler, in numbers. */
export interface SamplerStep {
  /** Standard deviation of the fresh noise that is added first; 0: none. */
  readonly added: number;
  readonly stages: readonly Stage[];
}

/**
 * All steps of a sampler: with `churn`, each first goes up to a higher noise level with fresh noise, and from there to
 * the next level by Heun's method.
 *
 * Source: EDM, arXiv:2206.00364, Alg. 1 and 2.
 */
export function samplerSteps(sampler: SamplerConfig): SamplerStep[] {
  const { steps, churn } = sampler;
  const sigmas = samplerSigmas(sampler);
  return Array.from({ length: steps }, (_, step) => {
    const [sigma, next] = [sigmas[step]!, sigmas[step + 1]!];
    const level = churn === undefined ? sigma : churnedLevel(churn, sigma, steps);
    const added = level === sigma ? 0 : Math.sqrt(level ** 2 - sigma ** 2) * churn!.noise;
    return { added, stages: heunStages(level, next) };
  });
}

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
 * Adds fresh noise at the beginning of a step.
 *
 * @param noise     standard normal numbers of the pictures' shape
 * @param deviation `added` of the step
 * @returns         a new state; its slope is the old one's tensor
 */
export function addNoise(
  { start, slope }: SamplerState,
  noise: tf.Tensor4D,
  deviation: number | tf.Scalar,
): SamplerState {
  return tf.tidy(() => {
    const raised = tf.add<tf.Tensor4D>(start, tf.mul(noise, deviation));
    const state: SamplerState = { start: raised, at: raised.clone(), slope };
    return state as SamplerState & tf.TensorContainerObject;
  });
}
