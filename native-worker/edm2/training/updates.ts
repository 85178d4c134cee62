import * as tf from '@tensorflow/tfjs-core';
import type { TrainingConfig } from '../../../contract/training.ts';
import { adamStep, type AdamSlot } from './adam.ts';
import type { StepScalars } from '../tensors/types.ts';

/**
 * How a step changes what it keeps. By default it computes new tensors, as the formulas say (`newTensors`); an engine
 * that holds the state may do the same in place.
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

/**
 * One tensor of a power-function average: ema ← ema + (1 − β)(w − ema), the raw weights w as Adam left them.
 *
 * @param rate 1 − β, a scalar
 *
 * Source: arXiv:2312.02696, Eq. 127.
 */
export function moveAverage(ema: tf.Tensor, value: tf.Tensor, rate: tf.Scalar): tf.Tensor {
  return tf.tidy(() => tf.add(ema, tf.mul(tf.sub(value, ema), rate)));
}
