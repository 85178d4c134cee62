import { setTimeout as sleep } from 'node:timers/promises';
import { isFull, isLocked, systemFailure } from '../../contract/system-errors.ts';

/**
 * Waiting for the index. A connection waits some milliseconds for another one's write lock (`BUSY_TIMEOUT_MS` in
 * `library.ts`) and then gives up, because it waits by standing still: nobody would be answered meanwhile. All further
 * patience is here, between two tries, while the process goes on.
 */

/** Between two tries; doubles up to the longest. Ours write for some milliseconds, another program for seconds. */
const PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 400;

/** Somebody must make room first. */
const ROOM_PAUSE_MS = 1000;

/** A backup or a database browser holds the lock for seconds; one that holds it longer has forgotten it. */
const PATIENCE_MS = 600_000;

export interface Patience {
  /** How long to go on trying, in ms; default: ten minutes. */
  readonly forMs?: number;
  /** Wait for room on a full disk, too, and without end. */
  readonly forRoom?: boolean;
  /** Ends the waiting; what was thrown last is thrown. */
  readonly signal?: AbortSignal;
  /** Is told once what is waited for, as a sentence. */
  readonly onWait?: (why: string) => void;
}

/**
 * Does something with the index, and again for as long as another program holds the write lock.
 *
 * @param work may be done twice: what it writes to the index is one transaction (`write`), and what it does before that
 *   can be repeated
 * @throws {AppError} 'library-in-use' when patience ends; whatever else `work` throws
 */
export async function patiently<T>(work: () => T | Promise<T>, patience: Patience = {}): Promise<T> {
  const { forMs = PATIENCE_MS, forRoom = false, signal } = patience;
  const deadline = performance.now() + forMs;
  for (let pauseMs = PAUSE_MS, first = true; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS), first = false) {
    try {
      return await work();
    } catch (error) {
      const waits = (isLocked(error) && performance.now() < deadline) || (forRoom && isFull(error));
      if (!waits || signal?.aborted === true) throw isLocked(error) ? systemFailure(error) : error;
      if (first) patience.onWait?.(systemFailure(error)!.message);
      await pause(isLocked(error) ? pauseMs : ROOM_PAUSE_MS, signal);
    }
  }
}

/** Ends early when `signal` is aborted. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    if (signal?.aborted !== true) throw error;
  });
}
