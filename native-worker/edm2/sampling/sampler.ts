import * as tf from '@tensorflow/tfjs-core';
import { layerScope } from '../../../contract/profile.ts';
import type { ChurnConfig, SamplerConfig } from '../../../contract/training.ts';

/** D(x; σ) of pictures [N, R, R, channels] at one noise level, [1]. The classes are its own business. */
export type Denoiser = (x: tf.Tensor4D, sigma: tf.Tensor1D) => tf.Tensor4D;

/**
 * Noise levels σ_0 … σ_N of the sampler, the last one 0.
 *
 * @param sampler `steps` N ≥ 2: with one step the formula divides by zero
 *
 * Source: EDM, arXiv:2206.00364, Eq. 5.
 */
export function samplerSigmas({ steps, sigmaMin, sigmaMax, rho }: SamplerConfig): number[] {
  const top = sigmaMax ** (1 / rho);
  const bottom = sigmaMin ** (1 / rho);
  return [...Array.from({ length: steps }, (_, i) => (top + (i / (steps - 1)) * (bottom - top)) ** rho), 0];
}

/**
 * Guidance by a worse model: D_ref + g (D − D_ref). At g = 1 the guide is not evaluated.
 *
 * Source: arXiv:2406.02507, Eq. 3; with an unconditional guide it is classifier-free guidance.
 */
export function guided(main: Denoiser, guide: Denoiser, guidance: number): Denoiser {
  if (guidance === 1) return main;
  return (x, sigma) =>
    tf.tidy(() => {
      const reference = guide(x, sigma);
      return tf.add(reference, tf.mul(tf.sub(main(x, sigma), reference), guidance));
    });
}

/**
 * One evaluation of the network and the move that follows it: from where the step began to
 * start + current · (slope found now) + previous · (slope of the evaluation before).
 */
export interface Stage<Level = number, Weight = number> {
  /** Noise level of the evaluation. */
  readonly sigma: Level;
  readonly current: Weight;
  readonly previous: Weight;
  /** 1: the move is the step's last; 0: it only leads to the step's second evaluation. */
  readonly last: Weight;
}

/**
 * The stages of a step from one noise level to the next: Euler's, then the trapezoidal correction unless the next level
 * is 0.
 *
 * Source: EDM, arXiv:2206.00364, Alg. 1.
 */
export function heunStages(sigma: number, next: number): Stage[] {
  const change = next - sigma;
  if (next === 0) return [{ sigma, current: change, previous: 0, last: 1 }];
  return [
    { sigma, current: change, previous: 0, last: 0 },
    { sigma: next, current: change / 2, previous: change / 2, last: 1 },
  ];
}

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

/** Most by which one step may raise the noise level, as a factor less 1: it at most doubles the variance. */
const MAX_GAMMA = Math.SQRT2 - 1;

/**
 * The noise level to which a step first goes up: σ (1 + γ), γ = min(S_churn/N, √2 − 1) where S_min ≤ σ ≤ S_max.
 *
 * @param steps N
 *
 * Source: EDM, arXiv:2206.00364, Alg. 2 and Eq. 37 there.
 */
export function churnedLevel({ amount, min, max }: ChurnConfig, sigma: number, steps: number): number {
  if (sigma < min || sigma > max) return sigma;
  return sigma * (1 + Math.min(amount / steps, MAX_GAMMA));
}

/** What the sampler holds between two evaluations; each [N, R, R, channels]. */
export interface SamplerState {
  /** The pictures where the step began. */
  readonly start: tf.Tensor4D;
  /** Where the network is evaluated next. */
  readonly at: tf.Tensor4D;
  /** dx/dσ of the evaluation before; anything finite before the first. */
  readonly slope: tf.Tensor4D;
}

/** The state in which sampling begins: noise of deviation σ. */
export function beginSampling(noise: tf.Tensor4D, sigma: number | tf.Scalar): SamplerState {
  return tf.tidy(() => {
    const start = tf.mul<tf.Tensor4D>(noise, sigma);
    const state: SamplerState = { start, at: start.clone(), slope: tf.zerosLike(start) };
    return state as SamplerState & tf.TensorContainerObject;
  });
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

/** A stage as a recorded graph is fed with it: the level as [1], the rest as scalars. */
export type StageTensors = Stage<tf.Tensor1D, tf.Scalar>;

/**
 * Runs a stage: slope = (x − D(x; σ))/σ, x' = start + current · slope + previous · slope before. With the numbers as tensors
 * nothing depends on their values but the result, so it can be recorded.
 *
 * @param state pictures and slope, [N, R, R, channels]
 * @returns     new tensors; the caller disposes them
 *
 * Source: EDM, arXiv:2206.00364, Alg. 1.
 */
export function runStage(denoise: Denoiser, state: SamplerState, stage: StageTensors): SamplerState {
  return tf.tidy(layerScope('network', 'sampler'), () => {
    const { start, at, slope } = state;
    const { sigma, current, previous, last } = stage;
    const found = tf.div<tf.Tensor4D>(tf.sub(at, denoise(at, sigma)), sigma);
    const moved = tf.add<tf.Tensor4D>(start, tf.add(tf.mul(found, current), tf.mul(slope, previous)));
    const next = tf.add<tf.Tensor4D>(tf.mul(moved, last), tf.mul(start, tf.sub(1, last)));
    return { start: next, at: moved, slope: found } satisfies SamplerState;
  });
}

/** Runs a stage op by op; the state it was given is gone afterwards. */
export function advance(denoise: Denoiser, state: SamplerState, stage: Stage): SamplerState {
  const tensors = stageTensors(stage);
  const next = runStage(denoise, state, tensors);
  disposeSampling(state);
  tf.dispose(Object.values(tensors));
  return next;
}

/** A stage's numbers as tensors; the caller disposes them. */
export function stageTensors({ sigma, current, previous, last }: Stage): StageTensors {
  return {
    sigma: tf.tensor1d([sigma]),
    current: tf.scalar(current),
    previous: tf.scalar(previous),
    last: tf.scalar(last),
  };
}

export function disposeSampling({ start, at, slope }: SamplerState): void {
  tf.dispose([start, at, slope]);
}
