import type { Devices } from '../../contract/devices.ts';
import { checkEngine, type Precision } from '../../contract/precision.ts';
import type { Engine } from '../../contract/training.ts';
import { checkPrecision } from '../engine/runtime/precision-support.ts';
import type { Runtimes } from './runtimes.ts';

/**
 * Refuses a precision that the engine or a device that is to be used can't compute.
 *
 * @param devices null: the one of the settings
 *
 * @throws {AppError} 'invalid-input'
 */
export async function checkDevicePrecision(
  runtimes: Runtimes,
  precision: Precision,
  engine: Engine,
  devices: Devices | null = null,
): Promise<void> {
  checkEngine(precision, engine);
  if (precision === 'fp32') return;
  for (const supports of await runtimes.precisions(devices)) checkPrecision(precision, supports);
}
