import type { Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { DataShape } from '../../contract/network.ts';
import type { SamplerConfig } from '../../contract/training.ts';
import { heunStep, samplerSigmas } from '../edm2/heun.ts';
import { oneHot } from '../edm2/layout.ts';
import { decodePixels } from '../edm2/pixels.ts';
import { seedFor } from '../edm2/seeds.ts';
import { stochasticStep } from '../edm2/stochastic.ts';
import { randomKernels } from '../engine/random.ts';
import { tf } from '../engine/tensorflow.ts';
import { breathe } from './context.ts';

/** D(x; σ) of a network in eval mode: pictures [N, R, R, channels], one noise level [1], one-hot classes [N, labelDim]. */
export type Denoise = (x: Tensor4D, sigma: Tensor1D, labels: Tensor2D | null) => Tensor4D;

export interface DrawingRequest {
  /** What the network was made for. */
  readonly shape: DataShape;
  readonly denoise: Denoise;
  /** One a picture. */
  readonly seeds: readonly number[];
  /** One a picture; null: no class. See `labelsFor`. */
  readonly labels: readonly (number | null)[];
  readonly sampler: SamplerConfig;
  /** Pictures that go through the network at once. */
  readonly batchSize: number;
  /** Told after every step; returning false ends the drawing. */
  readonly onStep?: (done: number, total: number) => boolean;
}

/**
 * Draws pictures with a network in eval mode by Heun sampling. A picture is a function of the network,
 * its seed and its class: neither the batch size nor the other pictures change it.
 *
 * @returns uint8 NHWC, one picture behind the other; null if `onStep` ended it
 */
export async function drawPictures(request: DrawingRequest): Promise<Uint8Array | null> {
  const { denoise, seeds, labels, sampler, batchSize } = request;
  const { resolution, channels, labelDim } = request.shape;
  const sigmas = samplerSigmas(sampler);
  const pictureSize = resolution * resolution * channels;
  const pixels = new Uint8Array(seeds.length * pictureSize);
  const steps = sigmas.length - 1;
  const total = Math.ceil(seeds.length / batchSize) * steps;
  let done = 0;
  for (let first = 0; first < seeds.length; first += batchSize) {
    const classes = oneHot(labels.slice(first, first + batchSize), labelDim);
    const denoiser = (x: Tensor4D, sigma: Tensor1D): Tensor4D => denoise(x, sigma, classes);
    const noise = (purpose: string): Tensor4D =>
      noiseOf(seeds.slice(first, first + batchSize), [resolution, resolution, channels], purpose);
    let x = tf.tidy(() => tf.mul<Tensor4D>(noise('picture'), sigmas[0]!));
    let wanted = true;
    for (let step = 0; step < steps && wanted; step += 1) {
      const [sigma, lower] = [sigmas[step]!, sigmas[step + 1]!];
      const next =
        sampler.churn === undefined
          ? heunStep(denoiser, x, sigma, lower)
          : stochasticStep(denoiser, x, sigma, lower, sampler.churn, steps, () => noise(`churn ${step}`));
      x.dispose();
      x = next;
      done += 1;
      wanted = request.onStep?.(done, total) ?? true;
      await breathe();
    }
    if (wanted) pixels.set(await readPixels(x), first * pictureSize);
    x.dispose();
    classes?.dispose();
    if (!wanted) return null;
  }
  return pixels;
}

/**
 * The class of each picture that asks for none: one that its seed draws.
 *
 * @param labels what was asked for, one a picture
 * @returns null everywhere for an unconditional network
 */
export function labelsFor(
  labels: readonly (number | null)[],
  seeds: readonly number[],
  labelDim: number,
): (number | null)[] {
  if (labelDim === 0) return seeds.map(() => null);
  return seeds.map((seed, index) => labels[index] ?? (seedFor(seed, 'class', 0)[0] >>> 0) % labelDim);
}

/** Standard normal numbers, each picture's from its own seed. */
function noiseOf(seeds: readonly number[], shape: readonly number[], purpose: string): Tensor4D {
  return tf.tidy(
    () => tf.stack(seeds.map((seed) => randomKernels.normal(shape, seedFor(seed, purpose, 0)))) as Tensor4D,
  );
}

async function readPixels(x: Tensor4D): Promise<Uint8Array> {
  const decoded = tf.tidy(() => decodePixels(x));
  const values = await decoded.data<'int32'>(); // a stop of the GPU
  decoded.dispose();
  return Uint8Array.from(values);
}
