import * as z from 'zod';
import { AppError } from './errors.ts';
import { estimateMemory } from './memory.ts';
import { imagesAtOnce, possibleMicroBatches } from './micro-batch.ts';
import type { NetworkPlan } from './plan.ts';

/** What training has to fit into. */
export const TrainingMemory = z.strictObject({
  /** In words ("this machine", "NVIDIA GeForce RTX 4090"). */
  device: z.string(),
  /** What it holds in all, bytes. */
  bytes: z.number(),
  /** What of it other programs leave free; null: unknown, or a job of ours uses it, which will have ended by then. */
  freeBytes: z.number().nullable(),
});
export type TrainingMemory = z.infer<typeof TrainingMemory>;

type Training = Parameters<typeof estimateMemory>[1];

/**
 * The largest micro-batch that is estimated to fit. It divides the batch, so gradients add up to the same.
 *
 * @param capacity bytes of the device's memory; null: unknown, so any fits
 * @param below    must be less than this
 * @param parts    of the processor, as of `estimateMemory`
 * @returns null where not even one picture at once fits
 */
export function largestMicroBatch(
  plan: NetworkPlan,
  training: Training,
  capacity: number | null,
  below = Infinity,
  parts = 1,
): number | null {
  const fits = (images: number): boolean =>
    capacity === null || estimateMemory(plan, { ...training, microBatch: images }, parts).total <= capacity;
  return possibleMicroBatches(training.batchSize).find((images) => images < below && fits(images)) ?? null;
}

/**
 * What to do where training does not fit, or did not, as a sentence: never anything as large as what failed.
 * Parameters as for `largestMicroBatch`.
 */
export function memoryAdvice(
  plan: NetworkPlan,
  training: Training,
  capacity: number | null,
  below?: number,
  parts = 1,
): string {
  const images = largestMicroBatch(plan, training, capacity, below, parts);
  if (images === null) {
    return imagesAtOnce(training) === 1
      ? 'Close what else uses the memory, or use a smaller network.'
      : 'Not even micro-batch 1 would fit: use a smaller network.';
  }
  const needed = estimateMemory(plan, { ...training, microBatch: images }, parts).total;
  // What failed was estimated to fit: then the estimate, or what is known of the memory, promises nothing.
  if (capacity !== null && below !== undefined && estimateMemory(plan, training, parts).total <= capacity)
    return `Micro-batch ${images} takes less (about ${gigabytes(needed)}) and gives the same result.`;
  const figures =
    capacity === null ? `about ${gigabytes(needed)}` : `about ${gigabytes(needed)} of ${gigabytes(capacity)}`;
  return `Micro-batch ${images} would fit (${figures}) and gives the same result.`;
}

/** Whether training is estimated to fit into a device, or parts of one. @returns a sentence where it is not; else null */
export function memoryProblem(plan: NetworkPlan, training: Training, memory: TrainingMemory, parts = 1): string | null {
  const { device, bytes, freeBytes } = memory;
  const { total } = estimateMemory(plan, training, parts);
  const free = freeBytes ?? bytes;
  if (total <= free) return null;
  const images = imagesAtOnce(training);
  const each = parts === 1 ? '' : ` on each of ${parts} parts`;
  const at = `${images === 1 ? 'one picture' : `${images} pictures`}${each}`;
  const needs = `Training with ${at} at once takes about ${gigabytes(total)}`;
  if (total > bytes) {
    return `${needs}, and ${device} has ${gigabytes(bytes)}. ${memoryAdvice(plan, training, bytes, images, parts)}`;
  }
  return `${needs}, and of the ${gigabytes(bytes)} of ${device} other programs leave ${gigabytes(free)}. End them, or: ${memoryAdvice(plan, training, free, images, parts)}`;
}

/** @throws {AppError} 'out-of-memory' with the sentence of `memoryProblem` */
export function checkMemory(plan: NetworkPlan, training: Training, memory: TrainingMemory, parts = 1): void {
  const problem = memoryProblem(plan, training, memory, parts);
  if (problem !== null) throw new AppError('out-of-memory', problem);
}

/** Bytes in words; memory is told in tenths of a GB. */
function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
