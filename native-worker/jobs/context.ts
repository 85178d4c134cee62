import type { JobMessage, JobOutcome, JobRequest } from '../../contract/job-messages.ts';
import type { JobParameters } from '../../contract/jobs.ts';
import type { Library } from '../store/library.ts';

export type Requested = JobRequest['type'] | null;

/** What a job has: its library, what it is to do, and the line to the service. */
export interface JobContext {
  readonly library: Library;
  readonly job: { readonly id: number; readonly parameters: JobParameters };
  /** Tells the service something that is in the library already. Does nothing once the service is gone. */
  readonly send: (message: Exclude<JobMessage, { type: 'ended' }>) => void;
  /** What the user asked for meanwhile; a job looks between its steps. 'pause' too when the service disappears. */
  readonly requested: () => Requested;
}

/** A kind of job: does the work and says how it ended. Expected failures are thrown as AppError. */
export type RunJob<Kind extends JobParameters['kind']> = (
  context: JobContext,
  parameters: Extract<JobParameters, { kind: Kind }>,
) => Promise<JobOutcome>;

/** Lets messages of the service in; without it a busy loop would never hear "pause". */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
