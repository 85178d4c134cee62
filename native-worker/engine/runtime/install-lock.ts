/** One installation at a time in a cache folder, whichever process does it. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../../contract/errors.ts';
import { takeLock } from '../../system/process-lock.ts';
import type { OnProgress } from './progress.ts';

/** How often a waiting process looks whether the other is done. */
const WAIT_MS = 500;

/**
 * Waits until no other living process installs into the cache, then holds the lock.
 *
 * @param cache an existing folder
 * @returns releases the lock
 * @throws {AppError} 'cancelled' if the signal is aborted while waiting
 */
export async function holdInstallLock(
  cache: string,
  options: { onProgress: OnProgress; signal?: AbortSignal | undefined },
): Promise<() => void> {
  const path = join(cache, 'install.held');
  for (;;) {
    if (options.signal?.aborted === true)
      throw new AppError('cancelled', 'The installation of TensorFlow was cancelled');
    const lock = takeLock(path);
    if (lock !== null) return () => lock.release();
    options.onProgress({ text: `Waiting for another installation (it holds ${path})`, done: 0, total: 0 });
    await sleep(WAIT_MS);
  }
}
