import type { TrainingConfig } from '../../../contract/training.ts';

type Schedule = Pick<TrainingConfig, 'learningRate' | 'decayBatches' | 'rampUpImages' | 'batchSize'>;

/**
 * Learning rate after `nimg` training images: linear ramp-up, then inverse square root decay.
 *
 * Source: Karras et al., arXiv:2312.02696, Eq. 67, with the ramp-up of its training details.
 */
export function learningRateAt(nimg: number, schedule: Schedule): number {
  const { learningRate, decayBatches, rampUpImages, batchSize } = schedule;
  const ramp = rampUpImages > 0 ? Math.min(nimg / rampUpImages, 1) : 1;
  const decay = decayBatches > 0 ? Math.sqrt(Math.max(nimg / (batchSize * decayBatches), 1)) : 1;
  return (learningRate * ramp) / decay;
}

/** Points of the schedule over the whole run, evenly spaced: x in images, y the rate. */
export function schedulePoints(training: TrainingConfig, count = 240): { nimg: number; rate: number }[] {
  return Array.from({ length: count }, (_, i) => {
    const nimg = (training.durationImages * i) / (count - 1);
    return { nimg, rate: learningRateAt(nimg, training) };
  });
}

/** The largest rate the run reaches: less than α_ref if it ends before the ramp-up, or decays during it. */
export function peakRate(training: TrainingConfig): { nimg: number; rate: number } {
  // It rises up to the end of the ramp-up (as √nimg once decay has set in), and never after it.
  const nimg = Math.min(training.durationImages, training.rampUpImages);
  return { nimg, rate: learningRateAt(nimg, training) };
}
