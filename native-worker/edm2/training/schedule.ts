import type { TrainingConfig } from '../../../contract/training.ts';

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
