import * as z from 'zod';
import { defineCall, Nothing } from './call.ts';
import { AppError } from './errors.ts';

/**
 * Type of the activations inside the network. Weights, their averages, the optimiser and the loss are float32 always.
 * fp32: float32. bf16: bfloat16, the range of float32 with 8 bits of precision. fp16: IEEE half, 11 bits of precision
 * and a range that the loss must be scaled for.
 */
export const precisions = ['fp32', 'bf16', 'fp16'] as const;
export const Precision = z.enum(precisions);
export type Precision = z.infer<typeof Precision>;

/** What a device makes of a precision. */
export const PrecisionSupport = z.strictObject({
  precision: Precision,
  /** good: as fast as the device is. slow: possible, but fp32 is likely to be faster. none: runs in it are refused. */
  status: z.enum(['good', 'slow', 'none']),
  /** Why, in one sentence; what to do, if anything. */
  reason: z.string(),
});
export type PrecisionSupport = z.infer<typeof PrecisionSupport>;

/** What the device that jobs use makes of each precision, in the order of `precisions`. */
export const listPrecisions = defineCall('runtime.precisions', Nothing, z.array(PrecisionSupport));

/**
 * Refuses a precision that an engine doesn't have.
 *
 * @throws {AppError} 'invalid-input'
 */
export function checkEngine(precision: Precision, engine: 'graph' | 'eager'): void {
  if (engine === 'graph' || precision === 'fp32') return;
  throw new AppError(
    'invalid-input',
    `Op by op there is only fp32, and this run is ${precision}: use the engine "graph".`,
  );
}
