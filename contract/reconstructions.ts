import * as z from 'zod';
import { defineCall, Nothing } from './call.ts';
import { Id, Timestamp } from './common.ts';
import { Name } from './names.ts';
import { RecipeTerm } from './recipe.ts';
import { SigmaRel } from './training.ts';

export const ReconstructionName = Name;

/** An average that was reconstructed from a run's snapshots and kept: a file of its own, which needs them no more. */
export const Reconstruction = z.strictObject({
  id: Id,
  runId: Id,
  /** The job that made it. */
  jobId: Id.nullable(),
  name: z.string(),
  /** Training images of the average. */
  nimg: z.int().positive(),
  /** Its sigma_rel. */
  sigmaRel: z.number(),
  /** Predicted error, relative to the wanted profile; see docs/post-hoc-ema.md. */
  error: z.number().nonnegative(),
  /** The snapshots it was mixed from. They may be gone by now. */
  terms: z.array(RecipeTerm),
  sizeBytes: z.int(),
  sha256: z.string(),
  createdAt: Timestamp,
});
export type Reconstruction = z.infer<typeof Reconstruction>;

/** Averages of one pass; each takes a file's worth of buffers. */
export const MOST_TARGETS = 16;

export const KeepRequest = z.strictObject({
  runId: Id,
  /** Training images: the time of one of the run's snapshots; null: the newest. */
  nimg: z.int().positive().nullable().default(null),
  /** All are made in one pass over the snapshots. */
  targets: z
    .array(
      z.strictObject({
        sigmaRel: SigmaRel,
        /** null: named after its length and time. */
        name: ReconstructionName.nullable().default(null),
      }),
    )
    .min(1)
    .max(MOST_TARGETS),
});
export type KeepRequest = z.infer<typeof KeepRequest>;

/** Starts a job that writes the averages to files; they are listed when all of them are there. */
export const keepReconstructions = defineCall('reconstructions.keep', KeepRequest, z.strictObject({ jobId: Id }));
/** Sorted by time, then by length. */
export const listReconstructions = defineCall(
  'reconstructions.list',
  z.strictObject({ runId: Id.nullable().default(null) }),
  z.array(Reconstruction),
);
export const renameReconstruction = defineCall(
  'reconstructions.rename',
  z.strictObject({ id: Id, name: ReconstructionName }),
  Nothing,
);
/** Deletes it with its file. */
export const deleteReconstruction = defineCall('reconstructions.delete', z.strictObject({ id: Id }), Nothing);
/** Where its file lies; programs on this machine may copy it. */
export const locateReconstruction = defineCall(
  'reconstructions.locate',
  z.strictObject({ id: Id }),
  z.strictObject({ path: z.string() }),
  'local',
);
