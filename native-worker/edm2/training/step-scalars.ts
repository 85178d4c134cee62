import * as tf from '@tensorflow/tfjs-core';
import type { TrainingConfig } from '../../../contract/training.ts';
import { exponentialRate } from './exponential-ema.ts';
import { averageRate } from '../../../contract/power-function.ts';
import { learningRate } from './schedule.ts';
import type { StepScalars } from '../tensors/types.ts';

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
  const { adamBeta1, adamBeta2, batchSize, emaStds, averaging } = training;
  const k = Math.floor(nimg / batchSize) + 1;
  return {
    learningRate: learningRate(nimg, training),
    firstCorrection: 1 / (1 - adamBeta1 ** k),
    secondCorrection: 1 / Math.sqrt(1 - adamBeta2 ** k),
    averageRates: emaStds.map((sigmaRel) =>
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
