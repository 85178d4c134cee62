import * as tf from '@tensorflow/tfjs-core';
import { averageRate } from '../../../contract/power-function.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import type { StepScalars } from '../tensors/types.ts';
import { exponentialRate } from './averages.ts';

/**
 * Learning rate α: linear ramp-up over images, then inverse square root decay over steps.
 *
 * @param nimg training images seen before the step: the first step of a ramp-up has rate 0
 *
 * Source: arXiv:2312.02696, Eq. 67, and Sec. B.4 for the ramp-up.
 */
export function learningRate(
  nimg: number,
  training: Pick<TrainingConfig, 'learningRate' | 'decayBatches' | 'rampUpImages' | 'batchSize'>,
): number {
  const { decayBatches, rampUpImages, batchSize } = training;
  let rate = training.learningRate;
  if (decayBatches > 0) rate /= Math.sqrt(Math.max(nimg / (decayBatches * batchSize), 1));
  if (rampUpImages > 0) rate *= Math.min(nimg / rampUpImages, 1);
  return rate;
}

/** What `StepScalars` holds as tensors, in double precision. */
export interface StepNumbers {
  readonly learningRate: number;
  readonly firstCorrection: number;
  readonly secondCorrection: number;
  readonly averageRates: readonly number[];
}

/**
 * The numbers of the step that starts at `nimg` images: the learning rate looks at the count before the step, the
 * power-function averages at the count after it, Adam at the number of the step.
 *
 * @param nimg training images seen before the step, a multiple of the batch size
 */
export function stepNumbers(training: TrainingConfig, nimg: number): StepNumbers {
  const { adamBeta1, adamBeta2, batchSize, sigmaRels, averaging } = training;
  const k = Math.floor(nimg / batchSize) + 1;
  return {
    learningRate: learningRate(nimg, training),
    firstCorrection: 1 / (1 - adamBeta1 ** k),
    secondCorrection: 1 / Math.sqrt(1 - adamBeta2 ** k),
    averageRates: sigmaRels.map((sigmaRel) =>
      averaging === 'exponential'
        ? exponentialRate(training, nimg)
        : averageRate(sigmaRel, nimg + batchSize, batchSize),
    ),
  };
}

/** The same as tensors; the caller disposes them. */
export function stepScalars(training: TrainingConfig, nimg: number): StepScalars {
  const numbers = stepNumbers(training, nimg);
  return {
    learningRate: tf.scalar(numbers.learningRate),
    firstCorrection: tf.scalar(numbers.firstCorrection),
    secondCorrection: tf.scalar(numbers.secondCorrection),
    averageRates: numbers.averageRates.map((rate) => tf.scalar(rate)),
  };
}
