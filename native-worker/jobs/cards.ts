import { isCard, type Devices } from '../../contract/devices.ts';
import { AppError } from '../../contract/errors.ts';
import { backend } from '../engine/binding.ts';

/**
 * To compute on the processor instead of the cards that were named would take for ever.
 *
 * @param devices null: none was named
 * @throws {AppError} 'runtime'
 */
export function checkCards(devices: Devices | null): void {
  if (devices === null || !devices.some(isCard) || backend().isUsingGpuDevice) return;
  throw new AppError(
    'runtime',
    `This is to be computed on ${devices.join(' and ')}, but TensorFlow finds no card. The doctor says why; or name other devices.`,
  );
}
