import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { DataShape } from '../../contract/network.ts';
import type { SamplerConfig } from '../../contract/training.ts';
import { oneHot } from '../edm2/tensors/layout.ts';
import { decodePixels } from '../edm2/tensors/pixels.ts';
import { seedFor } from '../edm2/tensors/random.ts';
import { samplerSigmas, samplerSteps } from '../edm2/sampling/sampler.ts';
import { randomKernels } from '../engine/random.ts';
import { tf } from '../engine/tensorflow.ts';
import type { BatchSampler } from '../programs/sampling.ts';
import { breathe } from './context.ts';

export interface DrawingRequest {
  /** What the network was made for. */
  readonly shape: DataShape;
  /** Stays the caller's. */
  readonly sampler: BatchSampler;
  /** One a picture. */
  readonly seeds: readonly number[];
  /** One a picture; null: no class. See `labelsFor`. */
  readonly labels: readonly (number | null)[];
  readonly settings: SamplerConfig;
  /** Pictures that go through the network at once; at most what the sampler was made for. */
  readonly batchSize: number;
  /** Told after every step; returning false ends the drawing, unless it was the last. */
  readonly onStep?: (done: number, total: number) => boolean;
}

/**
 * Draws pictures with a network in eval mode by Heun sampling. A picture is a function of the network,
 * its seed and its class: neither the batch size nor the other pictures change it.
 *
 * @returns uint8 NHWC, one picture behind the other; null if `onStep` ended it
 */
export async function drawPictures(request: DrawingRequest): Promise<Uint8Array | null> {
  const { sampler, seeds, labels, settings, batchSize } = request;
  const { resolution, channels, labelDim } = request.shape;
  const steps = samplerSteps(settings);
  const pictureSize = resolution * resolution * channels;
  const pixels = new Uint8Array(seeds.length * pictureSize);
  const total = Math.ceil(seeds.length / batchSize) * steps.length;
  let done = 0;
  for (let first = 0; first < seeds.length; first += batchSize) {
    const batch = { seeds: seeds.slice(first, first + batchSize), labels: labels.slice(first, first + batchSize) };
    const withNoise = async (purpose: string, use: (noise: Tensor4D) => Promise<void>): Promise<void> => {
      const noise = noiseOf(batch.seeds, [resolution, resolution, channels], purpose);
      await use(noise);
      noise.dispose();
    };
    const classes = oneHot(batch.labels, labelDim);
    await withNoise('picture', (noise) => sampler.begin(noise, samplerSigmas(settings)[0]!, classes));
    classes?.dispose();
    for (const [index, { added, stages }] of steps.entries()) {
      if (added > 0) await withNoise(`churn ${index}`, (noise) => sampler.addNoise(noise, added));
      for (const stage of stages) await sampler.runStage(stage);
      done += 1;
      await breathe(); // what is asked of the job is heard before it is looked at
      if (request.onStep?.(done, total) === false && done < total) return null;
    }
    pixels.set(await readPixels(await sampler.pictures()), first * pictureSize);
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

/** @param x disposed here */
async function readPixels(x: Tensor4D): Promise<Uint8Array> {
  const decoded = tf.tidy(() => decodePixels(x));
  x.dispose();
  const values = await decoded.data<'int32'>(); // a stop of the GPU
  decoded.dispose();
  return Uint8Array.from(values);
}
