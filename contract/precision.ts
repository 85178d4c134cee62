import * as z from 'zod';
import { defineCall } from './call.ts';
import { Devices } from './devices.ts';
import { AppError } from './errors.ts';

/**
 * Type of the activations inside the network. Weights, their averages, the optimiser and the loss are float32 always.
 * fp32: float32. tf32: float32, whose convolutions and products a card's tensor cores take with 11 bits of precision.
 * bf16: bfloat16, the range of float32 with 8 bits of precision. fp16: IEEE half, 11 bits of precision and a range that
 * the loss must be scaled for.
 */
export const precisions = ['fp32', 'tf32', 'bf16', 'fp16'] as const;
export const Precision = z.enum(precisions);
export type Precision = z.infer<typeof Precision>;

/** The names in a sentence. */
export const precisionNames = 'fp32, tf32, bf16 or fp16';

/** Whether numbers are kept in 32 bits, however products take them. */
export function isFloat32(precision: Precision): boolean {
  return precision === 'fp32' || precision === 'tf32';
}

/** Those that are offered: TF32 where the device has it, for it is nothing that one would miss elsewhere. */
export function offeredPrecisions(supports: readonly PrecisionSupport[] | null, chosen: Precision): Precision[] {
  const has = supports?.some(({ precision, status }) => precision === 'tf32' && status !== 'none') === true;
  return precisions.filter((precision) => precision !== 'tf32' || has || chosen === 'tf32');
}

/** What a device makes of a precision. */
export const PrecisionSupport = z.strictObject({
  precision: Precision,
  /** good: as fast as the device is. slow: possible, but fp32 is likely to be faster. none: runs in it are refused. */
  status: z.enum(['good', 'slow', 'none']),
  /** Why, in one sentence; what to do, if anything. */
  reason: z.string(),
});
export type PrecisionSupport = z.infer<typeof PrecisionSupport>;

/**
 * What devices make of each precision, in the order of `precisions`: of several the one that makes least of it counts. A
 * machine that doesn't answer is left out. `devices` null: the one that jobs use.
 */
export const listPrecisions = defineCall(
  'runtime.precisions',
  z.strictObject({ devices: Devices.nullable().default(null) }),
  z.array(PrecisionSupport),
);

/** What several devices make of each precision together. @param supports of each, in the order of `precisions` */
export function commonSupport(supports: readonly (readonly PrecisionSupport[])[]): PrecisionSupport[] {
  const worst = ['none', 'slow', 'good'];
  return supports.reduce<PrecisionSupport[]>(
    (common, ofOne) =>
      ofOne.map((support, index) => {
        const other = common[index];
        return other !== undefined && worst.indexOf(other.status) <= worst.indexOf(support.status) ? other : support;
      }),
    [],
  );
}

/**
 * Refuses a precision that an engine doesn't have.
 *
 * @throws {AppError} 'invalid-input'
 */
export function checkEngine(precision: Precision, engine: 'graph' | 'eager'): void {
  if (engine === 'graph' || isFloat32(precision)) return;
  throw new AppError(
    'invalid-input',
    `Op by op there is only float32, and this run is ${precision}: use the engine "graph".`,
  );
}
