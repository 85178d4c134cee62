import * as z from 'zod';
import { defineCall, Nothing } from './call.ts';
import { Id, Measured, Timestamp } from './common.ts';
import { Devices } from './devices.ts';
import { Across } from './machines.ts';
import { Name } from './names.ts';
import { DataShape } from './network.ts';
import { TickColumns } from './ticks.ts';
import { DurationImages, Engine, NewRunConfig, RunConfig, type TrainingConfig } from './training.ts';

export const runStates = ['queued', 'running', 'paused', 'finished', 'stopped', 'failed'] as const;
export const RunState = z.enum(runStates);
export type RunState = z.infer<typeof RunState>;

export const RunName = Name;
export const Tag = z
  .string()
  .trim()
  .normalize('NFC')
  .min(1)
  .max(40)
  .regex(/^[^\s,]+$/u, 'a tag is one word without commas');

/** Most tags of a run. */
export const MOST_TAGS = 20;

/** Letters of the longest notes. */
export const MOST_NOTES = 10_000;

/** A run as lists show it. */
export const RunSummary = z.strictObject({
  id: Id,
  name: z.string(),
  notes: z.string(),
  tags: z.array(z.string()),
  state: RunState,
  /** Why it failed, in one sentence; else null. */
  error: z.string().nullable(),
  datasetId: Id,
  datasetName: z.string(),
  preset: z.string().nullable(),
  /** Trainable numbers of the denoiser and its u(sigma) head. */
  parameters: z.int(),
  /** Training images seen so far. */
  nimg: z.int(),
  /** Training images to see in all: those of its config, until it is given others. */
  durationImages: z.int(),
  /** Mean loss per element of the last tick. */
  lastLoss: Measured,
  /** Its mean weighted error: the loss without the learned weight. */
  lastError: Measured,
  /** Newest validation error of the average that draws, on pictures that are held out; null: none was measured. */
  validationError: Measured,
  /** Of the last tick. */
  imagesPerSecond: Measured,
  /** Seconds of training until the last tick, pauses left out. */
  trainSeconds: Measured,
  /** Resident memory of the process at the last tick. */
  memoryBytes: Measured,
  /** Images between two grids; 0: none is drawn. */
  sampleImages: z.int(),
  /** Seconds that the newest grid took; null: none was drawn yet. */
  gridSeconds: Measured,
  /** Newest sample grid; the picture is at /files/samples/<id>.png. */
  lastSampleId: Id.nullable(),
  /** Devices that share each batch, in its newest process or its next; null: the one of the settings. */
  devices: Devices.nullable(),
  createdAt: Timestamp,
  startedAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
  /** In the trash since; null: not in the trash. */
  trashedAt: Timestamp.nullable(),
});
export type RunSummary = z.infer<typeof RunSummary>;

export const Run = RunSummary.extend({
  config: RunConfig,
  shape: DataShape,
  /** Images that go through the network at once, in its newest process or its next; null: a whole batch. */
  microBatch: z.int().nullable(),
  /** How several machines train it; null: this one alone does. */
  across: Across.nullable(),
  /** Device that trained it last ("CPU, 2 threads", "NVIDIA GeForce RTX 4090"); null: never started. */
  device: z.string().nullable(),
  /** Images seen where it went on after a pause, rising; those of rewound history are left out. */
  resumes: z.array(z.int()),
});
export type Run = z.infer<typeof Run>;

/** How a run is trained: as configured, in the micro-batches and to the length that it was given since. */
export function trainingOf({
  config,
  microBatch,
  durationImages,
}: Pick<Run, 'config' | 'microBatch' | 'durationImages'>): TrainingConfig {
  return { ...config.training, microBatch, durationImages };
}

export const Snapshot = z.strictObject({
  id: Id,
  runId: Id,
  nimg: z.int(),
  /** sigma_rel of the average. */
  sigmaRel: z.number(),
  sizeBytes: z.int(),
  sha256: z.string(),
  createdAt: Timestamp,
});
export type Snapshot = z.infer<typeof Snapshot>;

export const Checkpoint = z.strictObject({
  id: Id,
  runId: Id,
  nimg: z.int(),
  sizeBytes: z.int(),
  createdAt: Timestamp,
});
export type Checkpoint = z.infer<typeof Checkpoint>;

export const LogLine = z.strictObject({
  id: Id,
  at: Timestamp,
  nimg: z.int().nullable(),
  level: z.enum(['info', 'warn', 'error']),
  text: z.string(),
});
export type LogLine = z.infer<typeof LogLine>;

const ById = z.strictObject({ id: Id });

export const listRuns = defineCall(
  'runs.list',
  z.strictObject({ trashed: z.boolean().default(false) }),
  z.array(RunSummary),
);
export const getRun = defineCall('runs.get', ById, Run);

/** Most runs whose configurations are asked for at once: reading them holds other calls for some 10 ms. */
export const MOST_CONFIGS = 100;
/** Configurations of some runs, which never change; runs that are not there are left out. */
export const runConfigs = defineCall(
  'runs.configs',
  z.strictObject({ ids: z.array(Id).max(MOST_CONFIGS) }),
  z.array(z.strictObject({ id: Id, config: RunConfig })),
);
/**
 * Creates a run and puts it at the end of the queue; it starts as soon as the device is free. One that is estimated not
 * to fit into the device's memory is refused ('out-of-memory'), unless `force` says that it is to be tried.
 */
export const createRun = defineCall(
  'runs.create',
  z.strictObject({
    name: RunName,
    datasetId: Id,
    config: NewRunConfig,
    notes: z.string().max(MOST_NOTES).default(''),
    tags: z.array(Tag).max(MOST_TAGS).default([]),
    engine: Engine.default('graph'),
    force: z.boolean().default(false),
    /** Devices that share each batch; null: the one of the settings. */
    devices: Devices.nullable().default(null),
    across: Across.nullable().default(null),
  }),
  z.strictObject({ runId: Id, jobId: Id }),
);
/** Writes a checkpoint and ends the process; `runs.resume` goes on from there. */
export const pauseRun = defineCall('runs.pause', ById, Nothing);
/**
 * Puts a run that is paused, stopped or failed at the end of the queue; it goes on from its newest checkpoint. One that
 * is finished needs more images. `durationImages`: training images to see in all, more than it has seen. `microBatch`: images
 * that go through the network at once from now on; null: a whole batch. `devices`: that share each batch from now
 * on; null: the one of the settings. `across`: how other machines take part. Absent: as before.
 */
export const resumeRun = defineCall(
  'runs.resume',
  z.strictObject({
    id: Id,
    engine: Engine.default('graph'),
    durationImages: DurationImages.optional(),
    microBatch: z.int().min(1).nullable().optional(),
    devices: Devices.nullable().optional(),
    across: Across.nullable().optional(),
  }),
  z.strictObject({ jobId: Id }),
);
/** Ends the run with a checkpoint and a last snapshot; it counts as ended, and `runs.resume` goes on all the same. */
export const stopRun = defineCall('runs.stop', ById, Nothing);
export const editRun = defineCall(
  'runs.edit',
  z.strictObject({
    id: Id,
    name: RunName.optional(),
    notes: z.string().max(MOST_NOTES).optional(),
    tags: z.array(Tag).max(MOST_TAGS).optional(),
  }),
  Nothing,
);
export const trashRun = defineCall('runs.trash', ById, Nothing);
export const restoreRun = defineCall('runs.restore', ById, Nothing);
/** Deletes a run in the trash with all its files. */
export const deleteRun = defineCall('runs.delete', ById, Nothing);

export const runTicks = defineCall(
  'runs.ticks',
  z.strictObject({
    id: Id,
    /** Only ticks after this count of images. */
    afterNimg: z.int().min(-1).default(-1),
    /** Only ticks up to this count of images; null: to the newest. */
    untilNimg: z.int().min(0).nullable().default(null),
    /** Thinned to at most this many, keeping the extremes. */
    maxPoints: z.int().min(10).max(20_000).default(4000),
  }),
  TickColumns,
);
export const runSnapshots = defineCall(
  'runs.snapshots',
  ById,
  z.strictObject({ snapshots: z.array(Snapshot), checkpoints: z.array(Checkpoint) }),
);
/** Newest last. */
export const runLog = defineCall(
  'runs.log',
  z.strictObject({ id: Id, limit: z.int().min(1).max(5000).default(500) }),
  z.array(LogLine),
);
