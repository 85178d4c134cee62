import * as z from 'zod';
import { Id, Timestamp } from './common.ts';
import { Dataset, ImportProblem } from './datasets.ts';
import { errorCodes } from './errors.ts';
import { DataShape } from './network.ts';
import { RecipeTerm } from './recipe.ts';
import { LogLine, RunState } from './runs.ts';
import { Sample } from './samples.ts';
import { RunConfig } from './training.ts';

/**
 * What a library's index holds and its tensor files don't say, written beside them: `run.json` in each run's folder,
 * `dataset.json` in each dataset's. An index that is lost can be built from them again. Paths are relative to the library.
 */

const Snapshot = z.strictObject({ file: z.string(), nimg: z.int(), sigmaRel: z.number(), createdAt: Timestamp });
const Checkpoint = Snapshot.omit({ sigmaRel: true });

export const RunRecord = z.strictObject({
  format: z.literal('edm2-run/3'),
  id: Id,
  name: z.string(),
  notes: z.string(),
  tags: z.array(z.string()),
  state: RunState,
  error: z.string().nullable(),
  device: z.string().nullable(),
  createdAt: Timestamp,
  startedAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
  trashedAt: Timestamp.nullable(),
  dataset: z.strictObject({ id: Id, name: z.string(), sha256: z.string() }),
  /** The run whose state it started from. */
  parent: z.strictObject({ id: Id, name: z.string() }).nullable(),
  config: RunConfig,
  shape: DataShape,
  /** Trainable numbers. */
  parameters: z.int(),
  /** Training images seen, and to see in all. */
  nimg: z.int(),
  durationImages: z.int(),
  /** Where it went on after a pause or a crash, and when. */
  resumes: z.array(z.strictObject({ nimg: z.int(), at: Timestamp })),
  /** How often something was undone by going on from an earlier moment, and the files of that undone history. */
  rewinds: z.int(),
  undone: z.array(z.string()),
  /** Kept averages: what their files don't say. */
  reconstructions: z.array(
    z.strictObject({
      ...Snapshot.shape,
      name: z.string(),
      error: z.number(),
      terms: z.array(RecipeTerm),
    }),
  ),
  /** Files of versions that did not write into a file what it is. */
  earlier: z.strictObject({
    snapshots: z.array(Snapshot),
    checkpoints: z.array(Checkpoint),
    samples: z.array(Sample.extend({ file: z.string() })),
  }),
});
export type RunRecord = z.infer<typeof RunRecord>;

export const DatasetRecord = z.strictObject({
  format: z.literal('edm2-dataset-record/1'),
  ...Dataset.omit({ problemCount: true }).shape,
  /** Packed pictures. */
  file: z.string(),
  problems: z.array(ImportProblem),
});
export type DatasetRecord = z.infer<typeof DatasetRecord>;

/** How a training job ended, as long as the index can't take it. */
export const TrainingEnd = z.strictObject({
  /** `again`: it goes back to the queue. */
  state: z.enum(['done', 'failed', 'cancelled', 'again']),
  /** Why it failed; null: it did not. */
  failure: z.strictObject({ code: z.enum(errorCodes), message: z.string() }).nullable(),
  /** What becomes of the run. */
  run: RunState.extract(['finished', 'paused', 'stopped', 'failed', 'queued']).nullable(),
  /** Lines for the run's log. */
  log: z.array(LogLine.pick({ level: true, text: true })).readonly(),
});
export type TrainingEnd = z.infer<typeof TrainingEnd>;
