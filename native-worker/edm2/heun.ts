import * as tf from '@tensorflow/tfjs-core';
import type { SamplerConfig } from '../../contract/training.ts';

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
 * Deterministic second-order sampling.
 *
 * @param noise  standard normal numbers, [N, R, R, channels]
 * @param sigmas of `samplerSigmas`
 * @param onStep called after each of the N steps with the picture so far, which is the sampler's; returning false ends
 *   sampling, and the result is null
 * @returns      pictures, [N, R, R, channels]; the caller disposes them
 *
 * Source: EDM, arXiv:2206.00364, Alg. 1.
 */
export function heunSample(
  denoise: Denoiser,
  noise: tf.Tensor4D,
  sigmas: readonly number[],
  onStep: (step: number, x: tf.Tensor4D) => boolean = () => true,
): tf.Tensor4D | null {
  let x = tf.mul<tf.Tensor4D>(noise, sigmas[0]!);
  for (let step = 0; step + 1 < sigmas.length; step++) {
    const next = heunStep(denoise, x, sigmas[step]!, sigmas[step + 1]!);
    x.dispose();
    x = next;
    if (!onStep(step, x)) {
      x.dispose();
      return null;
    }
  }
  return x;
}

/** One step from noise level σ to the next: Euler, then the trapezoidal correction unless the next level is 0. */
export function heunStep(denoise: Denoiser, x: tf.Tensor4D, sigma: number, next: number): tf.Tensor4D {
  return tf.tidy(() => {
    const slope = (at: tf.Tensor4D, level: number): tf.Tensor4D =>
      tf.div(tf.sub(at, denoise(at, tf.tensor1d([level]))), level);
    const d = slope(x, sigma);
    const euler = tf.add<tf.Tensor4D>(x, tf.mul(d, next - sigma));
    if (next === 0) return euler;
    return tf.add(x, tf.mul(tf.add(d, slope(euler, next)), (next - sigma) / 2));
  });
}
