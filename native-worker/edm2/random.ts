import type * as tf from '@tensorflow/tfjs-core';
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
