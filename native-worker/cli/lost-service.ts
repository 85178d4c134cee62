import { setImmediate as soon } from 'node:timers/promises';
import { AppError } from '../../contract/errors.ts';
import type { ServiceClient } from '../client/service-client.ts';

/**
 * Does something with a service. If the service goes away meanwhile, what is said is what to do then, whichever call it
 * was that noticed.
 *
 * @param ifLost a sentence
 * @throws {AppError} 'unavailable' with that sentence; what `work` throws while the service is there
 */
export async function whileServed<T>(client: ServiceClient, ifLost: string, work: () => Promise<T>): Promise<T> {
  try {
    return await Promise.race([work(), lost(client)]);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'unavailable') throw error;
    // A job may fail with this code, too, while its service is well.
    const isGone = await Promise.race([client.closed.then(() => true), soon(false)]);
    throw isGone ? new AppError('unavailable', `The service went away. ${ifLost}`, { cause: error }) : error;
  }
}

async function lost(client: ServiceClient): Promise<never> {
  await client.closed;
  throw new AppError('unavailable', 'The service went away.');
}
