import * as tf from '@tensorflow/tfjs-core';
import type { TrainingConfig } from '../../../contract/training.ts';

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

/**
 * 1 − β of config A's average, ema ← β ema + (1 − β) w, whose half-life is constant in images, but at first at most a
 * share of the images seen: β = 0.5^(batch/min(H, r · nimg)). The first step has β = 0.
 *
 * @param nimg training images seen before the step
 *
 * Source: EDM, arXiv:2206.00364, App. F.2, and its training loop.
 */
export function exponentialRate(
  {
    averageHalfLife,
    averageRampUp,
    batchSize,
  }: Pick<TrainingConfig, 'averageHalfLife' | 'averageRampUp' | 'batchSize'>,
  nimg: number,
): number {
  const halfLife = averageRampUp === null ? averageHalfLife : Math.min(averageHalfLife, averageRampUp * nimg);
  return halfLife === 0 ? 1 : -Math.expm1((-Math.LN2 * batchSize) / halfLife);
}
