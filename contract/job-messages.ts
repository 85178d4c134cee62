import * as z from 'zod';
import { Id } from './common.ts';
import { ImportProblem } from './datasets.ts';
import { MachineAddress } from './devices.ts';
import { errorCodes } from './errors.ts';
import { Progress } from './jobs.ts';
import { TickColumns } from './ticks.ts';

/** What a job process tells the service, over Node's child-process channel. Rows are in SQLite before the message is sent. */
export const JobMessage = z.discriminatedUnion('type', [
  /** null: a training job trains again after it drew a grid. */
  z.strictObject({ type: z.literal('progress'), progress: Progress.nullable() }),
  /** The device TensorFlow got, in words; `fellBack`: a GPU was wanted and the CPU came. */
  z.strictObject({ type: z.literal('device'), device: z.string(), fellBack: z.boolean() }),
  /**
   * A training job's first step is done, and from now on it looks between two steps whether it is asked to end; or it has
   * heard that it is, and ends by itself, however long its checkpoint takes.
   */
  z.strictObject({ type: z.literal('stepping') }),
  /** A training job goes on from its run's checkpoint at `nimg` images; what the run wrote down after it no longer counts. */
  z.strictObject({ type: z.literal('rewound'), nimg: z.int().nonnegative() }),
  z.strictObject({ type: z.literal('ticked'), ticks: TickColumns }),
  /** A network was validated, or an average measured: kinds of dynamics have a moment that need not be a tick's. */
  z.strictObject({ type: z.literal('measured'), nimg: z.int().nonnegative() }),
  z.strictObject({ type: z.literal('logged'), logId: Id }),
  z.strictObject({ type: z.literal('snapshots') }),
  z.strictObject({ type: z.literal('sampled'), sampleId: Id }),
  /** A step was measured. */
  z.strictObject({ type: z.literal('profiled'), profileId: Id }),
  /** A way to train was measured. */
  z.strictObject({ type: z.literal('tuned'), tuningId: Id }),
  /** The end. Anything else that ends the process is a crash. */
  z.strictObject({
    type: z.literal('ended'),
    outcome: z.discriminatedUnion('kind', [
      /** A training run reached its duration. */
      z.strictObject({ kind: z.literal('finished') }),
      /** It was asked to, and wrote a checkpoint. */
      z.strictObject({ kind: z.literal('paused') }),
      /** It was asked to, and wrote a last snapshot. */
      z.strictObject({ kind: z.literal('stopped') }),
      z.strictObject({ kind: z.literal('sampled'), sampleId: Id }),
      /** The packed file lies in the job's own folder; the service moves it into place and writes the row. */
      z.strictObject({ kind: z.literal('imported'), file: z.string(), problems: z.array(ImportProblem) }),
      /** Averages were reconstructed and written; their rows name the job. */
      z.strictObject({ kind: z.literal('reconstructed') }),
      /** A step was measured, and told before. */
      z.strictObject({ kind: z.literal('profiled') }),
      /** Ways to train were measured, and told before. */
      z.strictObject({ kind: z.literal('tuned') }),
      /** A training run lost a machine; it goes on from its last checkpoint, in another process. */
      z.strictObject({
        kind: z.literal('lost'),
        /** Which; null: none can be named. */
        machine: MachineAddress.nullable(),
        message: z.string(),
        /** Whether a step was taken since the process began. */
        stepped: z.boolean(),
      }),
      z.strictObject({ kind: z.literal('cancelled') }),
      z.strictObject({ kind: z.literal('failed'), code: z.enum(errorCodes), message: z.string() }),
    ]),
  }),
]);
export type JobMessage = z.infer<typeof JobMessage>;

/** How a job can be asked to end. */
const endRequests = ['pause', 'stop', 'cancel'] as const;
export type EndRequest = (typeof endRequests)[number];

/**
 * What the service asks of a job: to end, or, of one that trains, to measure its next step. A job whose service disappears
 * acts as if it had been asked to pause.
 */
export const JobRequest = z.strictObject({ type: z.enum([...endRequests, 'profile']) });
export type JobRequest = z.infer<typeof JobRequest>;

export type JobOutcome = Extract<JobMessage, { type: 'ended' }>['outcome'];
