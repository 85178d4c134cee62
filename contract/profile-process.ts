import * as z from 'zod';
import { errorCodes } from './errors.ts';
import { Progress } from './jobs.ts';
import { DataShape } from './network.ts';
import { Profile, ProfiledWork } from './profile.ts';
import { RunConfig } from './training.ts';

/** What the process that measures a step is asked for: its first line. Drawn are `training.batchSize` pictures at once. */
export const ProfileSubject = z.strictObject({ config: RunConfig, shape: DataShape, work: ProfiledWork });
export type ProfileSubject = z.infer<typeof ProfileSubject>;

/** What it answers, a line each. */
export const ProfileAnswer = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('progress'), progress: Progress }),
  /** `trace`: what Perfetto opens, JSON. `tensorflow`: its version. */
  z.strictObject({ type: z.literal('done'), profile: Profile, tensorflow: z.string(), trace: z.string() }),
  /** The process ends afterwards. */
  z.strictObject({ type: z.literal('failed'), code: z.enum(errorCodes), message: z.string() }),
]);
export type ProfileAnswer = z.infer<typeof ProfileAnswer>;
