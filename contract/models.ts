import * as z from 'zod';
import { Id } from './common.ts';
import { SigmaRel } from './training.ts';

/** An averaged network of the library, as drawing and guidance name it. */
export const ModelRef = z.discriminatedUnion('kind', [
  /** A snapshot that a run wrote: one of the averages it keeps. */
  z.strictObject({ kind: z.literal('snapshot'), snapshotId: Id }),
  /** A reconstructed average that was kept as a file. */
  z.strictObject({ kind: z.literal('reconstruction'), reconstructionId: Id }),
  /** Any sigma_rel at the time of one of a run's snapshots, reconstructed in memory; nothing is kept. */
  z.strictObject({ kind: z.literal('recipe'), runId: Id, nimg: z.int().positive(), sigmaRel: SigmaRel }),
]);
export type ModelRef = z.infer<typeof ModelRef>;
