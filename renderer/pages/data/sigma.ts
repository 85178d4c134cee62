import { number } from '../../lib/format.ts';

/** sigma_data of every preset: what the paper uses, and what its pictures have. */
const USUAL = 0.5;

/**
 * What the deviation of a set's pixels means for sigma_data, in one sentence.
 *
 * @param pixelStd standard deviation of all pixel values, scaled to [−1, 1]
 */
export function sigmaWords(pixelStd: number): string {
  const ratio = pixelStd / USUAL;
  if (ratio < 0.02) return 'The pictures hardly differ from one flat colour: there is next to nothing to learn.';
  if (ratio > 1 / 1.4 && ratio < 1.4) {
    return `Close to the σ_data of ${USUAL} that the network expects: nothing to change.`;
  }
  const direction = ratio > 1 ? 'more' : 'less';
  return `The pictures vary ${direction} than the σ_data of ${USUAL} that the network expects; setting σ_data to ${number(pixelStd, 2)} under Network makes both agree.`;
}
