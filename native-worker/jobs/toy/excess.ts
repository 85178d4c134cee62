import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { blurredMixture } from '../../edm2/toy/gaussian-mixture.ts';
import { seedFor } from '../../edm2/tensors/random.ts';
import { TOY_SIGMA_DATA } from '../../edm2/toy/network.ts';
import { randomKernels } from '../../engine/random.ts';
import { tf } from '../../engine/tensorflow.ts';
import { toyTraining, tree, truePoints, type PointDenoiser } from './network.ts';

/** Noise levels at which it is measured, drawn as training draws them. */
const LEVELS = 64;

/** Points at each: the exact density is a sum over all components, so they are few. */
const EACH = 64;

/**
 * Mean of λ(σ) (D − D*)² per coordinate over training's noise levels: what of the loss is not noise. The ideal denoiser
 * D*(x; σ) = x + σ² ∇ log p(x; σ) is known.
 *
 * @param count points that the denoiser takes at once
 *
 * Source: EDM, arXiv:2206.00364, Eq. 3.
 */
export async function excessLoss(denoiser: PointDenoiser, count: number, seed: number): Promise<number> {
  const { pMean, pStd } = toyTraining(seed);
  const normal = tf.tidy(() => randomKernels.normal([LEVELS], seedFor(seed, 'excess', 0)).dataSync<'float32'>());
  let sum = 0;
  for (const [level, z] of normal.entries()) {
    const sigma = Math.exp(pMean + pStd * z);
    const weight = (sigma ** 2 + TOY_SIGMA_DATA ** 2) / (sigma * TOY_SIGMA_DATA) ** 2;
    const { noisy, denoised } = await denoiseSome(denoiser, sigma, count, seed, `excess ${level}`);
    const { score } = blurredMixture(tree, noisy, sigma);
    for (const [index, d] of denoised.entries()) {
      sum += weight * (d - noisy[index]! - sigma ** 2 * score[index]!) ** 2;
    }
  }
  return sum / (LEVELS * EACH * 2);
}

async function denoiseSome(
  denoiser: PointDenoiser,
  sigma: number,
  count: number,
  seed: number,
  purpose: string,
): Promise<{ readonly noisy: Float32Array; readonly denoised: Float32Array }> {
  const [padded, level] = tf.tidy((): [Tensor4D, Tensor1D] => {
    const clean = tf.tensor4d(truePoints(EACH, seed, purpose), [EACH, 1, 1, 2]);
    const noise = randomKernels.normal([EACH, 1, 1, 2], seedFor(seed, purpose, 0));
    const noisy = tf.add<Tensor4D>(clean, tf.mul(noise, sigma));
    return [tf.concat4d([noisy, tf.zeros([count - EACH, 1, 1, 2])], 0), tf.tensor1d([sigma])];
  });
  const result = await denoiser(padded, level);
  const few = (points: Tensor4D): Float32Array => tf.tidy(() => tf.slice(points, 0, EACH).dataSync<'float32'>());
  const numbers = { noisy: few(padded), denoised: few(result) };
  tf.dispose([padded, level, result] as Tensor[]);
  return numbers;
}
