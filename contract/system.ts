import * as z from 'zod';
import { defineCall, defineEvent } from './call.ts';
import { Id, Measured, Timestamp } from './common.ts';

/** Columns of one GPU, as long as those of the samples they belong to; null where it did not tell. */
export const GpuColumns = z.strictObject({
  /** nvidia-smi's number of it. */
  index: z.int(),
  name: z.string(),
  /** Mean since the sample before, percent. */
  utilisation: z.array(Measured),
  /** Of the whole card, whoever uses it, bytes; the most since the sample before. */
  memoryUsed: z.array(Measured),
  /** Bytes. */
  memoryTotal: Measured,
  /** Degrees Celsius, the highest since the sample before. */
  temperature: z.array(Measured),
  /** Mean since the sample before, watts. */
  power: z.array(Measured),
});
export type GpuColumns = z.infer<typeof GpuColumns>;

/** What the machine did while a run trained, one entry a sample, sorted by time. */
export const SystemColumns = z.strictObject({
  /** Seconds that the run's processes have lived, pauses left out. Unlike nimg it never goes back. */
  seconds: z.array(z.number()),
  at: z.array(Timestamp),
  /** Training images seen, as of the last tick. */
  nimg: z.array(z.int()),
  /** Share of all processors that was busy since the sample before, percent. */
  cpuPercent: z.array(z.number()),
  /** The share of the run's own process; null where the system does not tell. */
  jobCpuPercent: z.array(Measured),
  /** Of the machine, bytes. */
  memoryUsed: z.array(z.number()),
  /** Bytes that this machine, or its container, has. */
  memoryTotal: z.number(),
  /** Resident memory of the run's process, bytes; null where the system does not tell. */
  jobMemory: z.array(Measured),
  gpus: z.array(GpuColumns),
});
export type SystemColumns = z.infer<typeof SystemColumns>;

/** An entry of each column; what is no column, as it is. */
type Sample<Columns> = {
  readonly [Name in keyof Columns]: Columns[Name] extends readonly (infer Entry)[] ? Entry : Columns[Name];
};

/** What one GPU did. */
export type GpuSample = Sample<GpuColumns>;

/** What the machine did at one moment. */
export type SystemSample = Sample<Omit<SystemColumns, 'gpus'>> & { readonly gpus: readonly GpuSample[] };

/** Samples of a run; of a long run evenly thinned, so that there are never more than some thousand. */
export const runSystem = defineCall(
  'runs.system',
  z.strictObject({
    id: Id,
    /** Only samples after this. */
    afterSeconds: z.number().min(-1).default(-1),
  }),
  SystemColumns,
);

/** A new sample of a run, columns of length 1. */
export const systemSampled = defineEvent('system.sampled', z.strictObject({ runId: Id, system: SystemColumns }));
