import { NCCL } from '../runtime/gpu-libraries.ts';
import { canLoad } from './c-api.ts';
import type { SessionOptions } from './options.ts';

/**
 * Options of a session whose devices share a batch. Parts of the processor have equal shares of its threads.
 *
 * @param onCards whether they are cards
 * @param devices how many this process has
 */
export function sharedSession(onCards: boolean, devices: number, environment = process.env): SessionOptions {
  if (onCards) return { collectives: canLoad(NCCL) ? 'nccl' : 'ring' };
  const threads = Number(environment.TF_NUM_INTRAOP_THREADS ?? 1);
  return { processors: devices, intraOpThreads: Math.max(1, Math.floor(threads / devices)), collectives: 'ring' };
}
