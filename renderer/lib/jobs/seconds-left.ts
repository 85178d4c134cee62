import type { Job } from '../../../contract/jobs.ts';

/** A job younger than this has no rate worth a promise. */
const SETTLED_SECONDS = 2;

/**
 * Seconds until a job is done at the rate it had so far; null where that can't be said.
 *
 * @param now milliseconds since 1970
 */
export function secondsLeft(job: Pick<Job, 'progress' | 'startedAt'>, now: number): number | null {
  const { progress, startedAt } = job;
  if (!progress || startedAt === null || progress.done <= 0 || progress.total <= 0) return null;
  const passed = (now - startedAt) / 1000;
  if (passed < SETTLED_SECONDS) return null;
  return Math.max(0, (passed / progress.done) * (progress.total - progress.done));
}
