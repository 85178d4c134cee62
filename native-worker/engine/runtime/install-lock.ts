/** One installation at a time in a cache folder, whichever process does it. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, hasSystemCode } from '../../../contract/errors.ts';
import type { OnProgress } from './progress.ts';

/** How often a waiting process looks whether the other is done. */
const WAIT_MS = 500;

/**
 * Waits until no other living process installs into the cache, then holds the lock. A lock whose process is gone is taken over.
 *
 * @param cache an existing folder
 * @returns releases the lock
 * @throws {AppError} 'cancelled' if the signal is aborted while waiting
 */
export async function holdInstallLock(
  cache: string,
  options: { onProgress: OnProgress; signal?: AbortSignal | undefined },
): Promise<() => Promise<void>> {
  const path = join(cache, 'install.lock');
  for (;;) {
    if (options.signal?.aborted === true)
      throw new AppError('cancelled', 'The installation of TensorFlow was cancelled');
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      return () => rm(path, { force: true });
    } catch (error) {
      if (!hasSystemCode(error, 'EEXIST')) throw error;
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''));
    if (!(await ownerLives(path, owner))) {
      await rm(path, { force: true });
      continue;
    }
    options.onProgress({ text: `Waiting for another installation (process ${owner})`, done: 0, total: 0 });
    await sleep(WAIT_MS);
  }
}

/** A lock that is still empty was made this instant: its owner gets a moment to write its number. */
async function ownerLives(path: string, owner: number): Promise<boolean> {
  if (owner > 0) return isAlive(owner);
  await sleep(WAIT_MS);
  const later = Number(await readFile(path, 'utf8').catch(() => ''));
  return later > 0 && isAlive(later);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasSystemCode(error, 'EPERM'); // it lives, but belongs to somebody else
  }
}
