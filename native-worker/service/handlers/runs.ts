import { shapeFor } from '../../../contract/data-shape.ts';
import { countParameters, planNetwork } from '../../../contract/architecture.ts';
import { checkSharing, shareOn, type Devices } from '../../../contract/devices.ts';
import { AppError } from '../../../contract/errors.ts';
import { runDeleted } from '../../../contract/events.ts';
import { checkAcross, type Across } from '../../../contract/machines.ts';
import { checkMemory, type TrainingMemory } from '../../../contract/memory-advice.ts';
import { microBatchProblem } from '../../../contract/micro-batch.ts';
import * as calls from '../../../contract/runs.ts';
import type { RunSummary } from '../../../contract/runs.ts';
import { sentence } from '../../../contract/sentence.ts';
import { runDynamics } from '../../../contract/dynamics-table.ts';
import { runSystem } from '../../../contract/system.ts';
import type { Engine, RunConfig, TrainingConfig } from '../../../contract/training.ts';
import { exactImages } from '../../../contract/units.ts';
import { listCheckpoints } from '../../store/checkpoints.ts';
import { datasetPath, getDataset } from '../../store/datasets.ts';
import { activeJobOfRun, countActiveJobsOfRun } from '../../store/jobs.ts';
import { listLog } from '../../store/log.ts';
import { readPackedDynamics } from '../../store/dynamics.ts';
import { makeDynamicsLevels } from '../../store/dynamics-levels.ts';
import { runFolder, runRecordPath } from '../../store/paths.ts';
import { dropFiles } from '../../store/recorded-files.ts';
import * as store from '../../store/runs.ts';
import { removeEmptyFolders } from '../../store/set-aside.ts';
import { listSnapshots } from '../../store/snapshots.ts';
import { write } from '../../store/statements.ts';
import { readSystem } from '../../store/system-metrics.ts';
import { makeLevels } from '../../store/tick-levels.ts';
import { readTicks } from '../../store/ticks.ts';
import { checkDevicePrecision } from '../device-precision.ts';
import { handler, type Handler } from '../handle.ts';
import { checkMachines } from '../machines.ts';
import type { ServiceParts } from './context.ts';

/** Runs: made, watched, ended, thrown away. */
export function runHandlers(parts: ServiceParts): Handler[] {
  const { library, events, outcomes } = parts;
  const { db } = library;
  return [
    handler(calls.listRuns, (which) => store.listRuns(db, which)),
    handler(calls.getRun, ({ id }) => store.getRun(db, id)),
    handler(calls.runConfigs, ({ ids }) => store.runConfigs(db, ids)),
    handler(calls.createRun, async (input) => {
      const { precision, batchSize } = input.config.training;
      checkSharing(input.devices, batchSize, input.engine);
      checkAcross(input.devices, input.across);
      await checkDevicePrecision(parts.runtimes, precision, input.engine, input.devices);
      const others = await checkMachines(library.folder, input.devices, precision);
      const own = await parts.runtimes.memory(!parts.queue.idle, input.devices);
      return createRun(parts, input, own, others);
    }),
    handler(calls.pauseRun, ({ id }) => {
      endTraining(parts, id, 'pause');
      return {};
    }),
    handler(calls.resumeRun, async ({ id, engine, ...changed }) => {
      const run = store.getRun(db, id);
      const { training } = run.config;
      const { microBatch, devices = run.devices, across = run.across } = changed;
      if (microBatch !== undefined) checkMicroBatch({ ...training, microBatch });
      checkSharing(devices, training.batchSize, engine);
      checkAcross(devices, across);
      await checkMachines(library.folder, devices, training.precision);
      await parts.runtimes.machines(devices); // throws if one isn't there
      await checkDevicePrecision(parts.runtimes, training.precision, engine, devices);
      return { jobId: resumeRun(parts, id, engine, changed) };
    }),
    handler(calls.stopRun, ({ id }) => {
      endTraining(parts, id, 'stop');
      return {};
    }),
    handler(calls.editRun, ({ id, ...change }) => {
      store.editRun(db, id, change);
      outcomes.announceRun(id);
      return {};
    }),
    handler(calls.trashRun, ({ id }) => {
      const run = store.getRunSummary(db, id);
      if (countActiveJobsOfRun(db, id) > 0) {
        throw new AppError('conflict', `"${run.name}" is at work. Stop it before you put it in the trash.`);
      }
      store.setRunTrashed(db, id, Date.now());
      outcomes.announceRun(id);
      return {};
    }),
    handler(calls.restoreRun, ({ id }) => {
      store.setRunTrashed(db, id, null);
      outcomes.announceRun(id);
      return {};
    }),
    handler(calls.deleteRun, async ({ id }) => {
      const run = store.getRunSummary(db, id);
      if (run.trashedAt === null)
        throw new AppError('conflict', `"${run.name}" is not in the trash. Put it there first.`);
      if (countActiveJobsOfRun(db, id) > 0)
        throw new AppError('conflict', `"${run.name}" is at work. Wait until it is done.`);
      await dropFiles(library, () => [...store.deleteRunRows(db, id), runRecordPath(id)]);
      removeEmptyFolders(library.folder, runFolder(id));
      events.emit(runDeleted, { runId: id });
      return {};
    }),
    handler(calls.runTicks, async ({ id, ...range }) => {
      store.getRunSummary(db, id);
      await makeLevels(db, id);
      return readTicks(db, id, range);
    }),
    handler(runDynamics, async ({ id, kind, ...range }) => {
      store.getRunSummary(db, id);
      await makeDynamicsLevels(db, id, kind);
      return readPackedDynamics(db, id, kind, range);
    }),
    handler(calls.runSnapshots, ({ id }) => {
      store.getRunSummary(db, id);
      return { snapshots: listSnapshots(db, id), checkpoints: listCheckpoints(db, id) };
    }),
    handler(runSystem, ({ id, afterSeconds }) => {
      store.getRunSummary(db, id);
      return readSystem(db, id, afterSeconds);
    }),
    handler(calls.runLog, ({ id, limit }) => {
      store.getRunSummary(db, id);
      return listLog(db, id, limit);
    }),
  ];
}

interface NewRunInput {
  name: string;
  datasetId: number;
  config: RunConfig;
  notes: string;
  tags: string[];
  engine: Engine;
  force: boolean;
  devices: Devices | null;
  across: Across | null;
}

/** @param others memory of devices of other machines */
function createRun(
  { library, queue, outcomes }: ServiceParts,
  input: NewRunInput,
  memory: TrainingMemory,
  others: readonly TrainingMemory[],
): { runId: number; jobId: number } {
  const { db } = library;
  const dataset = getDataset(db, input.datasetId);
  datasetPath(library, dataset.id); // throws if its pictures are gone
  const shape = shapeFor(dataset, input.config);
  const plan = planNetwork(input.config.network, shape);
  if (!input.force) {
    const { training, parts: sharing } = shareOn(input.config.training, input.devices);
    checkMemory(plan, training, memory, sharing);
    for (const other of others) checkMemory(plan, training, other);
  }
  const parameters = countParameters(plan).total;
  const { runId, jobId } = write(db, () => {
    const created = store.insertRun(db, { ...input, tags: [...new Set(input.tags)], shape, parameters });
    return {
      runId: created,
      jobId: queue.add({
        parameters: { kind: 'train', runId: created, engine: input.engine },
        title: input.name,
        runId: created,
      }),
    };
  });
  outcomes.announceRun(runId);
  return { runId, jobId };
}

/** @throws {AppError} 'invalid-input' if the batch can't be cut so */
function checkMicroBatch(training: Pick<TrainingConfig, 'batchSize' | 'microBatch'>): void {
  const problem = microBatchProblem(training);
  if (problem !== null) throw new AppError('invalid-input', sentence(problem));
}

/** How a run goes on from now on; what is absent stays as before. */
interface Changed {
  readonly durationImages?: number | undefined;
  readonly microBatch?: number | null | undefined;
  readonly devices?: Devices | null | undefined;
  readonly across?: Across | null | undefined;
}

/** @returns the new job's id */
function resumeRun(
  { library, queue, outcomes }: ServiceParts,
  id: number,
  engine: Engine,
  { durationImages, microBatch, devices, across }: Changed,
): number {
  const { db } = library;
  const run = store.getRunSummary(db, id);
  if (run.trashedAt !== null) throw new AppError('conflict', `"${run.name}" is in the trash. Restore it first.`);
  if (run.state === 'running' || run.state === 'queued') {
    throw new AppError('conflict', `"${run.name}" is ${run.state} already. Pause it first to go on otherwise.`);
  }
  checkGoal(run, durationImages);
  if (activeJobOfRun(db, id) !== null)
    throw new AppError('conflict', `"${run.name}" is being ended; try again in a moment.`);
  datasetPath(library, run.datasetId); // throws if its pictures are gone
  const jobId = write(db, () => {
    store.setRunState(db, id, 'queued');
    if (durationImages !== undefined && durationImages !== run.durationImages) {
      store.setDuration(db, id, durationImages);
      outcomes.writeLog(
        id,
        'info',
        `It is to see ${exactImages(durationImages)} in all; before, ${exactImages(run.durationImages)}.`,
      );
    }
    if (microBatch !== undefined) store.setMicroBatch(db, id, microBatch);
    if (devices !== undefined) store.setDevices(db, id, devices);
    if (across !== undefined) store.setAcross(db, id, across);
    return queue.add({ parameters: { kind: 'train', runId: id, engine }, title: run.name, runId: id });
  });
  outcomes.announceRun(id);
  return jobId;
}

/** @throws {AppError} 'conflict' if nothing is left to train */
function checkGoal(run: RunSummary, durationImages: number | undefined): void {
  const { name, nimg, state } = run;
  if (durationImages === undefined ? state !== 'finished' : durationImages > nimg) return;
  const seen = `"${name}" has seen ${exactImages(nimg)}`;
  throw new AppError('conflict', `${seen}. To go on, it needs more in all than that.`);
}

/**
 * Ends a run's training, for now or as a whole. A running one does so when its step is done and its state written; one
 * that waits in the queue, or is paused and to be stopped, at once.
 *
 * @throws {AppError} 'conflict' if there is nothing to end
 */
export function endTraining({ library, queue, outcomes }: ServiceParts, id: number, how: 'pause' | 'stop'): void {
  const { db } = library;
  const atWork = activeJobOfRun(db, id);
  // Its process hears it at once, whoever may write to the index.
  if (atWork?.state === 'running') return queue.request(atWork.id, how);
  write(db, () => {
    const run = store.getRunSummary(db, id);
    const job = activeJobOfRun(db, id);
    const mayStop = how === 'stop' && (run.state === 'paused' || run.state === 'failed');
    if (job === null && !mayStop) {
      throw new AppError('conflict', `"${run.name}" is ${run.state}; there is nothing to ${how}.`);
    }
    if (job !== null) queue.request(job.id, how);
    if (job?.state === 'running') return; // it began just now
    store.setRunState(db, id, how === 'pause' ? 'paused' : 'stopped');
    outcomes.announceRun(id);
  });
}
