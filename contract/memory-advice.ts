import { AppError } from './errors.ts';
import { estimateMemory } from './memory.ts';
import { imagesAtOnce, possibleMicroBatches } from './micro-batch.ts';
import type { NetworkPlan } from './plan.ts';

type Training = Parameters<typeof estimateMemory>[1];

/**
 * The largest micro-batch that is estimated to fit. It divides the batch, so gradients add up to the same.
 *
 * @param capacity bytes of the device's memory; null: unknown, so any fits
 * @param below    must be less than this
 * @returns null where not even one picture at once fits
 */
export function largestMicroBatch(
  plan: NetworkPlan,
  training: Training,
  capacity: number | null,
  below = Infinity,
): number | null {
  const fits = (images: number): boolean =>
    capacity === null || estimateMemory(plan, { ...training, microBatch: images }).total <= capacity;
  return possibleMicroBatches(training.batchSize).find((images) => images < below && fits(images)) ?? null;
}

/** What to do where training does not fit, as a sentence; parameters as for `largestMicroBatch`. */
export function memoryAdvice(plan: NetworkPlan, training: Training, capacity: number | null, below?: number): string {
  const images = largestMicroBatch(plan, training, capacity, below);
  if (images === null) {
    return imagesAtOnce(training) === 1
      ? 'Close what else uses the memory, or use a smaller network.'
      : 'Not even micro-batch 1 would fit: use a smaller network.';
  }
  const needed = estimateMemory(plan, { ...training, microBatch: images }).total;
  const figures =
    capacity === null ? `about ${gigabytes(needed)}` : `about ${gigabytes(needed)} of ${gigabytes(capacity)}`;
  return `Micro-batch ${images} would fit (${figures}) and gives the same result.`;
}

/**
 * Whether training is estimated to fit into a device.
 *
 * @param device in words ("this machine")
 * @returns a sentence where it is not; else null
 */
export function memoryProblem(plan: NetworkPlan, training: Training, capacity: number, device: string): string | null {
  const { total } = estimateMemory(plan, training);
  if (total <= capacity) return null;
  const images = imagesAtOnce(training);
  const at = images === 1 ? 'one picture' : `${images} pictures`;
  return `Training with ${at} at once takes about ${gigabytes(total)}, and ${device} has ${gigabytes(capacity)}. ${memoryAdvice(plan, training, capacity, images)}`;
}

/** @throws {AppError} 'out-of-memory' with the sentence of `memoryProblem` */
export function checkMemory(plan: NetworkPlan, training: Training, capacity: number, device: string): void {
  const problem = memoryProblem(plan, training, capacity, device);
  if (problem !== null) throw new AppError('out-of-memory', problem);
}

/** Bytes in words; memory is told in tenths of a GB. */
function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
