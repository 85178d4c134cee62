import * as tf from '@tensorflow/tfjs-core';
import type { Seed } from '../../../contract/seed.ts';
import type { RandomSource } from './types.ts';

/**
 * The seed of one set of random numbers: a pure function of the run's seed, what the numbers are for, and where in
 * training they are drawn. So a run that resumes draws what it would have drawn.
 *
 * @param seed    the run's seed (or a picture's), a 32-bit integer
 * @param purpose "noise", "sigma", "init unet.out_conv.weight", …
 * @param nimg    training images seen before the step, below 2^53
 */
export function seedFor(seed: number, purpose: string, nimg: number): Seed {
  const low = nimg >>> 0;
  const high = Math.floor(nimg / 2 ** 32) >>> 0;
  const words = [seed, low, high, ...Array.from(purpose, (character) => character.codePointAt(0)!), purpose.length];
  return [hash(words, 0x9e3779b9), hash(words, 0x85ebca6b)];
}

/** MurmurHash3 (x86, 32 bits) of whole words: one start value gives one of two independent halves of the seed. */
function hash(words: readonly number[], start: number): number {
  let h = start;
  for (const word of words) {
    let k = Math.imul(word, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  h ^= words.length * 4;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}

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
