import * as z from 'zod';
import { BenchSubject } from './bench.ts';
import { defineCall, Nothing } from './call.ts';
import { Id, Timestamp } from './common.ts';
import { errorCodes } from './errors.ts';
import { ImportOptions } from './datasets.ts';
import { ProfiledWork } from './profile.ts';
import { KeepRequest } from './reconstructions.ts';
import { GenerateRequest } from './samples.ts';
import { Engine } from './training.ts';

export const jobStates = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;
export const JobState = z.enum(jobStates);
export type JobState = z.infer<typeof JobState>;

/** What a job is to do, frozen when it was queued. */
export const JobParameters = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('train'), runId: Id, engine: Engine.default('graph') }),
  z.strictObject({ kind: z.literal('sample'), request: GenerateRequest }),
  /** The folder's path is known to the service and the job alone. */
  z.strictObject({ kind: z.literal('import'), path: z.string(), options: ImportOptions }),
  z.strictObject({ kind: z.literal('reconstruct'), request: KeepRequest }),
  z.strictObject({ kind: z.literal('profile'), runId: Id, work: ProfiledWork }),
  z.strictObject({ kind: z.literal('tune'), subject: BenchSubject, seconds: z.int() }),
]);
export type JobParameters = z.infer<typeof JobParameters>;

export const Progress = z.strictObject({
  /** Work done and work in all, in `unit`; a total of 0: not known yet. */
  done: z.number(),
  total: z.number(),
  unit: z.string(),
  /** What is going on, in words ("Reading pictures"). */
  text: z.string(),
});
export type Progress = z.infer<typeof Progress>;

/** Units of the progress of a training step and of validation; what else a training job tells is how far its grid is. */
export const MICRO_BATCHES = 'micro-batches';
export const EVALUATIONS = 'evaluations';

/** Whether what a training job tells is how far its grid is. */
export function isOfGrid({ unit }: Progress): boolean {
  return unit !== MICRO_BATCHES && unit !== EVALUATIONS;
}

export const Job = z.strictObject({
  id: Id,
  kind: z.enum(['train', 'sample', 'import', 'reconstruct', 'profile', 'tune']),
  state: JobState,
  /** In words: the run's, snapshot's or folder's name. */
  title: z.string(),
  runId: Id.nullable(),
  /** What came out: the sample of a sample job, the dataset of an import job. */
  sampleId: Id.nullable(),
  datasetId: Id.nullable(),
  progress: Progress.nullable(),
  /** One sentence; else null. */
  error: z.string().nullable(),
  /** What kind of failure it was; null where it did not fail. */
  errorCode: z.enum(errorCodes).nullable(),
  createdAt: Timestamp,
  startedAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
});
export type Job = z.infer<typeof Job>;

/** Queued and running ones first, in the order they will run; then the newest ended ones. */
export const listJobs = defineCall(
  'jobs.list',
  z.strictObject({ limit: z.int().min(1).max(1000).default(100) }),
  z.array(Job),
);
export const getJob = defineCall('jobs.get', z.strictObject({ id: Id }), Job);
export const cancelJob = defineCall('jobs.cancel', z.strictObject({ id: Id }), Nothing);
/** Moves a queued job to a place among the queued ones; 0 is next. */
export const moveJob = defineCall('jobs.move', z.strictObject({ id: Id, position: z.int().nonnegative() }), Nothing);
