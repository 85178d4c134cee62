import * as z from 'zod';
import { Devices } from './devices.ts';
import { Across } from './machines.ts';
import { errorCodes } from './errors.ts';
import { DataShape } from './network.ts';
import { RunConfig } from './training.ts';

/**
 * What a process that measures speed can be told to do, once a line. `train`: an optimiser step. `sample`: draw a batch
 * of pictures. The other two compute nothing but the network's convolutions, as often as a step does (forward, and
 * backward for pictures and for filters) or as one evaluation does: the bound below which no network of such shapes gets.
 */
export const benchTasks = ['train', 'sample', 'train-convolutions', 'sample-convolutions'] as const;
export const BenchTask = z.enum(benchTasks);
export type BenchTask = z.infer<typeof BenchTask>;

/** What is measured: the first line that the process reads. Pictures are drawn `training.batchSize` at once. */
export const BenchSubject = z.strictObject({
  config: RunConfig,
  shape: DataShape,
  /** That share each batch of training; absent: the one that commands compute on. */
  devices: Devices.optional(),
});
export type BenchSubject = z.infer<typeof BenchSubject>;

/** The same on several machines: how the others take part, and the token of their workers; absent: this one alone. */
export const SubjectAcross = BenchSubject.extend({
  team: z.strictObject({ across: Across, token: z.string() }).optional(),
});
export type SubjectAcross = z.infer<typeof SubjectAcross>;

/** What the process answers, a line each. */
export const BenchAnswer = z.discriminatedUnion('type', [
  /** TensorFlow is loaded; nothing is recorded yet. */
  z.strictObject({ type: z.literal('ready'), device: z.string(), tensorflow: z.string() }),
  /** `seconds`: of the task alone. `peakBytes`: resident memory at its highest since the process began. */
  z.strictObject({
    type: z.literal('done'),
    task: BenchTask,
    seconds: z.number().positive(),
    peakBytes: z.int().positive(),
  }),
  /** The process ends afterwards. */
  z.strictObject({ type: z.literal('failed'), code: z.enum(errorCodes), message: z.string() }),
]);
export type BenchAnswer = z.infer<typeof BenchAnswer>;
