import { checkEngine, type Precision } from '../../contract/precision.ts';
import type { Engine } from '../../contract/training.ts';
import { checkPrecision } from '../engine/runtime/precision-support.ts';
import type { Runtimes } from './runtimes.ts';

/**
 * Refuses a precision that the engine or the device that jobs use can't compute.
 *
 * @throws {AppError} 'invalid-input'
 */
export async function checkDevicePrecision(runtimes: Runtimes, precision: Precision, engine: Engine): Promise<void> {
  checkEngine(precision, engine);
  if (precision !== 'fp32') checkPrecision(precision, await runtimes.precisions());
}
