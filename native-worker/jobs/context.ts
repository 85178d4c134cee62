import type { EndRequest, JobMessage, JobOutcome } from '../../contract/job-messages.ts';
import type { JobParameters, Progress } from '../../contract/jobs.ts';
import type { Library } from '../store/library.ts';

export type Requested = EndRequest | null;

/** What a job has: its library, what it is to do, and the line to the service. */
export interface JobContext {
  readonly library: Library;
  readonly job: { readonly id: number; readonly parameters: JobParameters };
  /** Tells the service something that is in the library already. Does nothing once the service is gone. */
  readonly send: (message: Exclude<JobMessage, { type: 'ended' }>) => void;
  /** How it was asked to end meanwhile; a job looks between its steps. 'pause' too when the service disappears. */
  readonly requested: () => Requested;
  /** Whether its next step is to be measured; that is taken back by `measured`. */
  readonly toMeasure: () => boolean;
  readonly measured: () => void;
}

/** A kind of job: does the work and says how it ended. Expected failures are thrown as AppError. */
export type RunJob<Kind extends JobParameters['kind']> = (
  context: JobContext,
  parameters: Extract<JobParameters, { kind: Kind }>,
) => Promise<JobOutcome>;

/** Progress goes out no more often: a small network has a thousand tensors a second. */
const PROGRESS_MS = 200;

/** Tells of progress at once the first time, and then at most every so often. */
export function everySoOften(send: JobContext['send']): (progress: Progress) => void {
  let toldAt = -Infinity;
  return (progress) => {
    if (performance.now() - toldAt < PROGRESS_MS) return;
    toldAt = performance.now();
    send({ type: 'progress', progress });
  };
}

/** Lets messages of the service in; without it a busy loop would never hear "pause". */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
