import { watch } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { insertJob } from '../../../native-worker/store/jobs.ts';
import { checkpointsToResume, listCheckpoints } from '../../../native-worker/store/checkpoints.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { insideLibrary, runFolder } from '../../../native-worker/store/paths.ts';
import { openSafetensors } from '../../../native-worker/store/safetensors.ts';
import { listSnapshots } from '../../../native-worker/store/snapshots.ts';
import { readTicks } from '../../../native-worker/store/ticks.ts';
import { startJobProcess, type RunningJob } from '../../support/job-process.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

let library: Library;
let datasetId: number;
let remove: () => void;
const started: RunningJob[] = [];

beforeEach(async () => {
  ({ library, datasetId, remove } = await makeLibrary());
});
afterEach(async () => {
  for (const job of started.splice(0)) {
    job.process.kill('SIGKILL');
    await job.gone;
  }
  remove();
});

function start(runId: number): RunningJob {
  const id = insertJob(library.db, { parameters: { kind: 'train', runId, engine: 'graph' }, title: 'test', runId });
  const job = startJobProcess(library.folder, id);
  started.push(job);
  return job;
}

/** Long enough that a test can interfere. */
const long = tinyConfig({ durationImages: 160 }, { checkpointImages: 16, snapshotImages: 48 });

function stateAt(runId: number): Map<string, unknown> {
  const opened = openSafetensors(insideLibrary(library.folder, checkpointsToResume(library.db, runId)[0]!.file));
  const tensors = new Map([...opened.tensors.keys()].map((name) => [name, opened.read(name) as unknown]));
  opened.close();
  return tensors;
}

test('the outcome is the last message, and the process leaves by itself', async () => {
  const job = start(makeRun(library, datasetId, tinyConfig({ durationImages: 16 })));
  expect((await job.gone).code).toBe(0);
  expect(job.messages.at(-1)).toEqual({ type: 'ended', outcome: { kind: 'finished' } });
  expect(job.messages.filter(({ type }) => type === 'ended')).toHaveLength(1);
});

test('kill -9 after a step, after a snapshot or while a checkpoint is written loses at most the way from the last checkpoint, and the run ends as if nothing had been', async () => {
  const straight = makeRun(library, datasetId, long);
  expect((await start(straight).gone).code).toBe(0);

  const runId = makeRun(library, datasetId, long);
  const ticked = (job: RunningJob, count: number): Promise<unknown> => {
    let seen = 0;
    return job.until(({ type }) => type === 'ticked' && ++seen === count);
  };
  const writing = (): Promise<unknown> =>
    new Promise<void>((resolve) => {
      const folder = insideLibrary(library.folder, `${runFolder(runId)}/checkpoints`);
      const watcher = watch(folder, (_event, name) => {
        if (name?.endsWith('.tmp') !== true) return;
        watcher.close();
        resolve();
      });
    });
  for (const moment of [
    (job: RunningJob) => ticked(job, 2),
    (job: RunningJob) => job.until(({ type }) => type === 'snapshots'),
    writing,
  ]) {
    const job = start(runId);
    await moment(job);
    job.process.kill('SIGKILL');
    expect((await job.gone).signal).toBe('SIGKILL');
    for (const { file } of checkpointsToResume(library.db, runId)) {
      openSafetensors(insideLibrary(library.folder, file)).close(); // every row's file is whole
    }
  }
  expect((await start(runId).gone).code).toBe(0);

  const ticks = (id: number) => readTicks(library.db, id, { afterNimg: -1, maxPoints: 100 });
  expect(ticks(runId).nimg).toEqual(ticks(straight).nimg);
  expect(ticks(runId).loss).toEqual(ticks(straight).loss);
  expect(stateAt(runId)).toEqual(stateAt(straight));
});

test('a run pauses when it is asked to, while it computes', async () => {
  const runId = makeRun(library, datasetId, long);
  const job = start(runId);
  await job.until(({ type }) => type === 'ticked');
  job.request('pause');
  await job.gone;
  expect(job.messages.at(-1)).toEqual({ type: 'ended', outcome: { kind: 'paused' } });
  const nimg = listCheckpoints(library.db, runId).at(-1)!.nimg;
  expect(nimg).toBeLessThan(160);
  expect(listSnapshots(library.db, runId).at(-1)!.nimg).toBe(nimg);
});

test('a run whose service disappears pauses with a checkpoint', async () => {
  const runId = makeRun(library, datasetId, long);
  const job = start(runId);
  await job.until(({ type }) => type === 'ticked');
  job.process.disconnect();
  expect((await job.gone).code).toBe(0);
  const nimg = listCheckpoints(library.db, runId).at(-1)!.nimg;
  expect(nimg).toBeGreaterThan(0);
  expect(nimg).toBeLessThan(160);
});

test('a job that fails says so with a code and a sentence', async () => {
  const runId = makeRun(library, datasetId, tinyConfig());
  library.db.prepare('UPDATE datasets SET missing = 1').run();
  const job = start(runId);
  await job.gone;
  expect(job.messages.at(-1)).toMatchObject({ type: 'ended', outcome: { kind: 'failed', code: 'not-found' } });
});
