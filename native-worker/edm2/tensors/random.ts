import * as tf from '@tensorflow/tfjs-core';
import { seedFor } from './seeds.ts';
import type { Seed } from './seeds.ts';
import type { RandomSource } from './types.ts';

/** Stateless random numbers from a seed; the engine provides them. */
export interface RandomKernels {
  normal(shape: number[], seed: Seed): tf.Tensor;
  uniform(shape: number[], seed: Seed): tf.Tensor;
}

/** All random numbers of one step, as functions of (seed, purpose, nimg). */
export function randomSource(kernels: RandomKernels, seed: number, nimg: number): RandomSource {
  return {
    normal: (shape, purpose) => kernels.normal(shape, seedFor(seed, purpose, nimg)),
    uniform: (shape, purpose) => kernels.uniform(shape, seedFor(seed, purpose, nimg)),
  };
}

/**
 * The random numbers of some pictures of a batch: what is drawn for the whole of it, cut out. Shapes begin with the number
 * of pictures.
 *
 * @param first index of the first of these pictures in the batch
 * @param whole pictures of the batch
 */
export function partOf(random: RandomSource, first: number, whole: number): RandomSource {
  const cut =
    (draw: RandomSource['normal']): RandomSource['normal'] =>
    ([count, ...rest], purpose) =>
      tf.tidy(() => tf.slice(draw([whole, ...rest], purpose), first, count));
  return {
    normal: cut((shape, purpose) => random.normal(shape, purpose)),
    uniform: cut((shape, purpose) => random.uniform(shape, purpose)),
  };
}
