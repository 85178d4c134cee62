import * as z from 'zod';
import { Settings } from './app.ts';
import { defineEvent, Nothing } from './call.ts';
import { Id } from './common.ts';
import { Dataset } from './datasets.ts';
import { Job } from './jobs.ts';
import { profileAdded } from './profile.ts';
import { GpuInfo, RuntimeName } from './runtime.ts';
import { LogLine, RunSummary } from './runs.ts';
import { TickColumns } from './ticks.ts';
import { Sample } from './samples.ts';
import { systemSampled } from './system.ts';
import { tuningChanged } from './tuning.ts';

/** A run was created or anything of its summary changed. */
export const runChanged = defineEvent('run.changed', RunSummary);
export const runDeleted = defineEvent('run.deleted', z.strictObject({ runId: Id }));
/** New ticks of a run, columns of length ≥ 1. */
export const runTicked = defineEvent('run.ticked', z.strictObject({ runId: Id, ticks: TickColumns }));
/** A run recorded dynamics at a moment that need not be a tick's: validation, or magnitudes of an average. */
export const runMeasured = defineEvent('run.measured', z.strictObject({ runId: Id, nimg: z.int().nonnegative() }));
export const runLogged = defineEvent('run.logged', z.strictObject({ runId: Id, line: LogLine }));
/** A run goes on from a checkpoint at `nimg` images: whatever it had later no longer counts. */
export const runRewound = defineEvent('run.rewound', z.strictObject({ runId: Id, nimg: z.int().nonnegative() }));
/** Snapshots or checkpoints of a run changed. */
export const snapshotsChanged = defineEvent('snapshots.changed', z.strictObject({ runId: Id }));
/** Kept reconstructions of a run were added, renamed or deleted. */
export const reconstructionsChanged = defineEvent('reconstructions.changed', z.strictObject({ runId: Id }));
export const sampleAdded = defineEvent('sample.added', Sample);
export const jobChanged = defineEvent('job.changed', Job);
export const datasetChanged = defineEvent('dataset.changed', Dataset);
export const datasetDeleted = defineEvent('dataset.deleted', z.strictObject({ datasetId: Id }));
/** Somebody changed the settings, in whichever window or tab: all of them, as they are now. */
export const settingsChanged = defineEvent('settings.changed', Settings);
/** A view was saved, renamed or deleted. */
export const viewsChanged = defineEvent('views.changed', Nothing);
/** Every few seconds while anybody is connected. */
export const deviceStatus = defineEvent(
  'device.status',
  z.strictObject({
    gpus: z.array(GpuInfo),
    /** Share of all processors that is busy, percent. */
    cpuPercent: z.number(),
    memoryUsed: z.number(),
    memoryTotal: z.number(),
  }),
);
export const runtimeProgress = defineEvent(
  'runtime.progress',
  z.strictObject({
    name: RuntimeName,
    text: z.string(),
    done: z.number(),
    total: z.number(),
    finished: z.boolean(),
    error: z.string().nullable(),
  }),
);

/**
 * The service ends in order: what was running has been paused or waits. A connection that breaks without this was cut by
 * a service that died.
 */
export const serviceEnds = defineEvent('service.ends', Nothing);

/** Every event of the contract. */
export const events = [
  runChanged,
  runDeleted,
  runTicked,
  runMeasured,
  runLogged,
  runRewound,
  snapshotsChanged,
  reconstructionsChanged,
  sampleAdded,
  profileAdded,
  jobChanged,
  datasetChanged,
  datasetDeleted,
  settingsChanged,
  viewsChanged,
  deviceStatus,
  systemSampled,
  tuningChanged,
  runtimeProgress,
  serviceEnds,
] as const;
