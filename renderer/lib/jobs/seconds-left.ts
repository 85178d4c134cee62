import type { Progress } from '../../../contract/jobs.ts';

/** A rate over less than this is worth no promise. */
const SETTLED_SECONDS = 2;

/** How far a job was when this page first saw it at its present work. */
export interface FirstSeen {
  readonly done: number;
  readonly total: number;
  /** By the clock that nobody sets (`performance.now`), ms. */
  readonly at: number;
}

/** What to count from: the first look, or this one where the job has begun with something else. */
export function firstSeen(before: FirstSeen | null, progress: Progress | null, now: number): FirstSeen | null {
  if (progress === null) return null;
  if (before !== null && before.total === progress.total && before.done <= progress.done) return before;
  return { done: progress.done, total: progress.total, at: now };
}

/**
 * Seconds until a job is done at the rate that was seen; null where that can't be said.
 *
 * @param now as `FirstSeen.at`
 */
export function secondsLeft(first: FirstSeen | null, progress: Progress | null, now: number): number | null {
  if (first === null || progress === null || progress.total <= 0) return null;
  const passed = (now - first.at) / 1000;
  const done = progress.done - first.done;
  if (passed < SETTLED_SECONDS || done <= 0) return null;
  return Math.max(0, (passed / done) * (progress.total - progress.done));
}
