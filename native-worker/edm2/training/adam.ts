import * as tf from '@tensorflow/tfjs-core';
import type { TrainingConfig } from '../../../contract/training.ts';
import type { StepScalars } from '../tensors/types.ts';
import { moveAverage } from './averages.ts';

/** A parameter with its two moments. */
export interface AdamSlot {
  readonly value: tf.Tensor;
  readonly first: tf.Tensor;
  readonly second: tf.Tensor;
}

/**
 * One Adam step of one tensor: m ← β1 m + (1 − β1) g; v ← β2 v + (1 − β2) g²;
 * w ← w − α · m̂ / (sqrt(v̂) + ε), with m̂ = m/(1 − β1^k) and v̂ = v/(1 − β2^k).
 *
 * @param gradient as summed over the batch; what is not finite in it counts as `nonFinite` says, 0 by default
 * @returns        new tensors; the caller disposes them
 *
 * Source: Kingma and Ba, arXiv:1412.6980, Alg. 1, with ε outside the bias correction as PyTorch has it.
 */
export function adamStep(
  { value, first, second }: AdamSlot,
  gradient: tf.Tensor,
  {
    adamBeta1,
    adamBeta2,
    adamEps,
    nonFinite = 'zero',
  }: Pick<TrainingConfig, 'adamBeta1' | 'adamBeta2' | 'adamEps'> & Partial<Pick<TrainingConfig, 'nonFinite'>>,
  {
    learningRate,
    firstCorrection,
    secondCorrection,
  }: Pick<StepScalars, 'learningRate' | 'firstCorrection' | 'secondCorrection'>,
): AdamSlot {
  return tf.tidy(() => {
    const g = finiteGradient(gradient, nonFinite);
    const m = tf.add(tf.mul(first, adamBeta1), tf.mul(g, 1 - adamBeta1));
    const v = tf.add(tf.mul(second, adamBeta2), tf.mul(tf.square(g), 1 - adamBeta2));
    const root = tf.mul(tf.sqrt(v), secondCorrection);
    const update = tf.div(tf.mul(m, tf.mul(learningRate, firstCorrection)), tf.add(root, adamEps));
    return { value: tf.sub(value, update), first: m, second: v };
  });
}

/** A gradient without what is not finite, as the run's `nonFinite` says. */
export function finiteGradient<T extends tf.Tensor>(gradient: T, nonFinite: TrainingConfig['nonFinite']): T {
  return nonFinite === 'zero' ? finiteOrZero(gradient) : finiteOrClamped(gradient);
}

/** Numbers that are not finite become 0, so that one bad batch does not spoil the moments. */
export function finiteOrZero<T extends tf.Tensor>(x: T): T {
  return tf.tidy(() => tf.where(tf.isFinite(x), x, tf.zerosLike(x)));
}

/** Where EDM's code puts infinite gradients. */
const LIMIT = 1e5;

/** NaN becomes 0 and ±∞ becomes ±1e5, as in config A; finite numbers stay, however large. */
export function finiteOrClamped<T extends tf.Tensor>(x: T): T {
  return tf.tidy(() => {
    const numbers = tf.where(tf.isNaN(x), tf.zerosLike(x), x);
    return tf.where(tf.isInf(numbers), tf.mul(tf.sign(numbers), LIMIT), numbers);
  });
}

/**
 * How a step changes what it keeps. Op by op it computes new tensors, as the formulas say (`newTensors`); in a recorded
 * graph, which holds the state, TensorFlow's kernels do the same in place (`programs/updates-in-place.ts`).
 */
export interface Updates {
  /** Adam's step of the parameter `name`. */
  adam(name: string, slot: AdamSlot, gradient: tf.Tensor, training: TrainingConfig, scalars: StepScalars): AdamSlot;
  /** The average `index` of the parameter `name` moves towards its value: ema + rate · (value − ema). */
  average(index: number, name: string, ema: tf.Tensor, value: tf.Tensor, rate: tf.Scalar): tf.Tensor;
}

export const newTensors: Updates = {
  adam: (_name, slot, gradient, training, scalars) => adamStep(slot, gradient, training, scalars),
  average: (_index, _name, ema, value, rate) => moveAverage(ema, value, rate),
};
