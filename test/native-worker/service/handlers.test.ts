import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appInfo, expectSpeed, getSettings, setSettings } from '../../../contract/app.ts';
import * as datasets from '../../../contract/datasets.ts';
import {
  datasetDeleted,
  deviceStatus,
  runtimeProgress,
  sampleAdded,
  settingsChanged,
  viewsChanged,
} from '../../../contract/events.ts';
import { getJob } from '../../../contract/jobs.ts';
import { runDynamics, unpackDynamics } from '../../../contract/dynamics-table.ts';
import { createRun, deleteRun, editRun, getRun, runSnapshots, stopRun, trashRun } from '../../../contract/runs.ts';
import { listPrecisions, type Precision } from '../../../contract/precision.ts';
import { listRuntimes, useRuntime } from '../../../contract/runtime.ts';
import { deleteSample, generate, listSamples } from '../../../contract/samples.ts';
import { rungs } from '../../../contract/ladder.ts';
import { deleteView, listViews, renameView, saveView } from '../../../contract/views.ts';
import type { RunConfig } from '../../../contract/training.ts';
import { openClient } from '../../../native-worker/client/service-client.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { insertDynamics } from '../../../native-worker/store/dynamics.ts';
import { snapshotPath } from '../../../native-worker/store/paths.ts';
import { insertRun } from '../../../native-worker/store/runs.ts';
import { insertSnapshot } from '../../../native-worker/store/snapshots.ts';
import { startServiceUnderTest, until, type ServiceUnderTest } from '../../support/service-library.ts';
import { exampleTick } from '../../support/ticks.ts';
import { tinyConfig } from '../../support/training-library.ts';

/** What the calls do beyond passing on to the store. */

let under: ServiceUnderTest;
let cache: string;
const before = { cache: process.env.EDM2_CACHE, path: process.env.PATH };
beforeAll(async () => {
  cache = mkdtempSync(join(tmpdir(), 'edm2-cache-'));
  process.env.EDM2_CACHE = cache;
  under = await startServiceUnderTest();
});
afterAll(async () => {
  await under.end();
  if (before.cache === undefined) delete process.env.EDM2_CACHE;
  else process.env.EDM2_CACHE = before.cache;
  rmSync(cache, { recursive: true, force: true });
});

async function finishedRun(name: string): Promise<number> {
  const config = { ...tinyConfig(), preset: 'demo' };
  const { runId, jobId } = await under.client.call(createRun, { name, datasetId: under.datasetId, config });
  await until(async () => (await under.client.call(getJob, { id: jobId })).state === 'done');
  return runId;
}

test('a setting that one changes is told to everybody who is connected', async () => {
  const other = await openClient(under.service.socket);
  const heard: unknown[] = [];
  other.on(settingsChanged, ({ theme }) => heard.push(theme));
  await under.client.call(setSettings, { theme: 'dark' });
  await until(() => heard.length > 0);
  expect(heard).toEqual(['dark']);
  await under.client.call(setSettings, { theme: 'system' });
  other.close();
});

test('the app knows itself', async () => {
  const info = await under.client.call(appInfo, {});
  expect(info).toMatchObject({ version: '0.1.0', libraryPath: under.folder, node: process.versions.node });
  expect(info.librarySizeBytes).toBeGreaterThan(10_000);
  expect(info.diskFreeBytes).toBeGreaterThan(0);
});

test('settings are changed one by one and kept', async () => {
  await under.client.call(setSettings, { theme: 'dark' });
  expect(await under.client.call(setSettings, { notifications: false })).toMatchObject({
    theme: 'dark',
    notifications: false,
  });
  expect((await under.client.call(getSettings, {})).theme).toBe('dark');
});

test('a dataset gives its pictures by class and page', async () => {
  const call = (input: { label: number | null; offset: number; limit: number }) =>
    under.client.call(datasets.datasetPictures, { id: under.datasetId, ...input });
  expect(await call({ label: null, offset: 38, limit: 5 })).toEqual({
    total: 40,
    pictures: [
      { index: 38, label: 0 },
      { index: 39, label: 1 },
    ],
  });
  expect(await call({ label: 1, offset: 1, limit: 2 })).toEqual({
    total: 20,
    pictures: [
      { index: 3, label: 1 },
      { index: 5, label: 1 },
    ],
  });
  expect(await call({ label: 7, offset: 0, limit: 2 })).toEqual({ total: 0, pictures: [] });
});

test('speed to expect is known after the first run, and scaled to the same network on another rung', async () => {
  const config = tinyConfig();
  const expected = (of: RunConfig): Promise<{ imagesPerSecond: number | null; scaled: boolean }> => {
    const { batchSize, microBatch, precision } = of.training;
    const shape = { resolution: 16, channels: 3, labelDim: 0 };
    return under.client.call(expectSpeed, {
      network: of.network,
      shape,
      training: { batchSize, microBatch, precision },
    });
  };
  expect(await expected(config)).toEqual({ imagesPerSecond: null, scaled: false });
  await finishedRun('finish');
  expect(await expected(config)).toEqual({ imagesPerSecond: exampleTick(16).imagesPerSecond, scaled: false });
  const other = await expected({ ...config, network: { ...config.network, switches: rungs.D.switches } });
  expect(other.scaled).toBe(true);
  expect(other.imagesPerSecond).toBeGreaterThan(8);
  expect(other.imagesPerSecond).toBeLessThan(11);
});

test('a run counts the trainable numbers of its network, and takes its classes from the data', async () => {
  const id = await finishedRun('finish');
  const run = await under.client.call(getRun, { id });
  expect(run.parameters).toBeGreaterThan(1000);
  expect(run.shape).toEqual({ resolution: 16, channels: 3, labelDim: 2 });
});

async function snapshotOf(runId: number): Promise<number> {
  const library = openLibrary(under.folder);
  const file = snapshotPath(runId, 16, 0.1);
  insertSnapshot(library.db, { runId, nimg: 16, sigmaRel: 0.1, file, sizeBytes: 1, sha256: '' });
  library.close();
  return (await under.client.call(runSnapshots, { id: runId })).snapshots[0]!.id;
}

test('pictures that can not be drawn are refused before a process starts', async () => {
  const snapshotId = await snapshotOf(await finishedRun('finish'));
  const model = { kind: 'snapshot', snapshotId } as const;
  const request = { model, seeds: [1, 2], labels: [0, 1], columns: 2, sampler: {} };
  const refused = async (change: object, word: string): Promise<void> => {
    const failure: unknown = await under.client
      .call(generate, { ...request, ...change })
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'invalid-input', message: expect.stringContaining(word) as string });
  };
  await refused({ labels: [0] }, '2 seeds and 1 classes');
  await refused({ labels: [0, 2] }, 'knows classes 0 to 1');
  await refused({ sampler: { sigmaMin: 1, sigmaMax: 0.5 } }, 'sigma_min');
  await expect(under.client.call(generate, { ...request, model: { ...model, snapshotId: 999 } })).rejects.toMatchObject(
    {
      code: 'not-found',
    },
  );
});

test('a guide that is the model itself, or does not fit, is refused before anything is queued', async () => {
  const main = await finishedRun('finish guided');
  const library = openLibrary(under.folder);
  const unfit = insertRun(library.db, {
    ...{ name: 'large', notes: '', tags: [], datasetId: under.datasetId, parameters: 1 },
    config: tinyConfig(),
    shape: { resolution: 32, channels: 3, labelDim: 2 },
  });
  const snapshot = (runId: number): number => {
    const file = snapshotPath(runId, 64, 0.1);
    return insertSnapshot(library.db, { runId, nimg: 64, sigmaRel: 0.1, file, sizeBytes: 1, sha256: '0'.repeat(64) });
  };
  const [own, other] = [snapshot(main), snapshot(unfit)];
  library.close();
  const draw = (guide: number): Promise<unknown> =>
    under.client.call(generate, {
      model: { kind: 'snapshot', snapshotId: own },
      guidance: { guide: { kind: 'snapshot', snapshotId: guide }, strength: 2 },
      ...{ seeds: [1], labels: [null], columns: 1, sampler: {} },
    });
  await expect(draw(own)).rejects.toThrow(/very network/);
  await expect(draw(other)).rejects.toThrow(/32×32 pictures/);
  await expect(draw(999)).rejects.toMatchObject({ code: 'not-found' });
});

test('a sheet that was asked for is announced, listed and deleted', async () => {
  const snapshotId = await snapshotOf(await finishedRun('finish'));
  const library = openLibrary(under.folder);
  library.db.prepare(`UPDATE runs SET name = 'draw'`).run(); // what the fake job is to do
  library.close();
  const announced = new Promise<number>((resolve) => under.client.on(sampleAdded, ({ id }) => resolve(id)));
  const model = { kind: 'snapshot', snapshotId } as const;
  const request = { model, seeds: [1], labels: [null], columns: 1, sampler: {} };
  const { jobId } = await under.client.call(generate, request);
  const id = await announced;
  await until(async () => (await under.client.call(getJob, { id: jobId })).sampleId === id);
  expect((await under.client.call(listSamples, { runId: null })).map((sample) => sample.id)).toEqual([id]);
  await under.client.call(deleteSample, { id });
  expect(await under.client.call(listSamples, { runId: null })).toEqual([]);
  await expect(under.client.call(deleteSample, { id })).rejects.toMatchObject({ code: 'not-found' });
});

test('a dataset that runs use stays; without them it goes with its files', async () => {
  const own = await startServiceUnderTest();
  const { client, datasetId, folder } = own;
  const { runId } = await client.call(createRun, { name: 'work', datasetId, config: tinyConfig() });
  const refusal: unknown = await client
    .call(datasets.deleteDataset, { id: datasetId })
    .catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: 'conflict', message: expect.stringContaining('"work"') as string });
  await until(async () => (await client.call(getRun, { id: runId })).state === 'running');
  await client.call(stopRun, { id: runId });
  await until(async () => (await client.call(getRun, { id: runId })).state === 'stopped');
  await until(() =>
    client.call(trashRun, { id: runId }).then(
      () => true,
      () => false,
    ),
  ); // until its process is gone
  await client.call(deleteRun, { id: runId });
  const told = new Promise((resolve) => client.on(datasetDeleted, resolve));
  await client.call(datasets.deleteDataset, { id: datasetId });
  expect(await told).toEqual({ datasetId });
  expect(existsSync(join(folder, `files/datasets/${datasetId}`))).toBe(false);
  await own.end();
});

test('a runtime that can not be fetched says why, and the choice stays what it was', async () => {
  const { runtimes } = await under.client.call(listRuntimes, {});
  expect(runtimes.map(({ state }) => state)).toEqual(runtimes.map(() => 'absent')); // the cache is empty
  process.env.PATH = '/nowhere'; // no Python
  const failed = new Promise<string>((resolve) => {
    under.client.on(runtimeProgress, ({ finished, error }) => {
      if (finished) resolve(error ?? 'it worked');
    });
  });
  await under.client.call(useRuntime, { name: 'cpu' });
  expect(await failed).toMatch(/Python/);
  process.env.PATH = before.path;
  expect((await under.client.call(getSettings, {})).runtime).toBeNull();
});

test('who is connected hears how busy the machine is', async () => {
  const status = await new Promise<{ cpuPercent: number; memoryUsed: number; memoryTotal: number }>((resolve) =>
    under.client.on(deviceStatus, resolve),
  );
  expect(status.cpuPercent).toBeGreaterThanOrEqual(0);
  expect(status.cpuPercent).toBeLessThanOrEqual(100);
  expect(status.memoryUsed).toBeLessThan(status.memoryTotal);
});

test('magnitudes can be asked for from a moment on, so that a page reads only what is new', async () => {
  const runId = await finishedRun('finish');
  const library = openLibrary(under.folder);
  for (const nimg of [100, 200, 300]) {
    insertDynamics(library.db, runId, 'weight', nimg, ['a', 'b'], Float32Array.of(nimg, 1));
  }
  library.close();
  const read = (afterNimg?: number) =>
    under.client.call(runDynamics, { id: runId, kind: 'weight', ...(afterNimg === undefined ? {} : { afterNimg }) });
  expect((await read()).nimg).toEqual([100, 200, 300]);
  expect(unpackDynamics(await read(200))).toMatchObject({ nimg: [300], values: [[300], [1]] });
});

test('a run is refused in a precision that its device or its engine does not have, and made in one that it has', async () => {
  const { client, datasetId } = under;
  const create = (precision: Precision, engine: 'graph' | 'eager'): Promise<unknown> =>
    client.call(createRun, { name: precision, datasetId, config: tinyConfig({ precision }), engine });
  const supports = await client.call(listPrecisions, {});
  expect(supports.map(({ precision }) => precision)).toEqual(['fp32', 'tf32', 'bf16', 'fp16']);
  for (const { precision, status } of supports) {
    const made = create(precision, 'graph');
    if (status === 'none') await expect(made).rejects.toMatchObject({ code: 'invalid-input' });
    else await expect(made).resolves.toMatchObject({ runId: expect.any(Number) as number });
  }
  await expect(create('bf16', 'eager')).rejects.toThrow(/Op by op there is only float32/);
});

test('a view of runs outlives them: those that are gone keep their names, and an id that was given again is another run', async () => {
  const [kept, gone] = [await finishedRun('finish and stay'), await finishedRun('finish and go')];
  const told = new Promise((resolve) => under.client.on(viewsChanged, resolve));
  await under.client.call(saveView, { name: 'Both', runIds: [kept, gone, 4711], look: 'x=steps' });
  await told;
  await expect(under.client.call(saveView, { name: 'Both', runIds: [kept], look: '' })).rejects.toMatchObject({
    code: 'conflict',
  });
  await expect(under.client.call(saveView, { name: 'None', runIds: [4711], look: '' })).rejects.toMatchObject({
    code: 'not-found',
  });
  const runs = async () => (await under.client.call(listViews, {}))[0]!.runs;
  expect(await runs()).toEqual([
    { id: kept, name: 'finish and stay', gone: false },
    { id: gone, name: 'finish and go', gone: false },
  ]);
  await under.client.call(trashRun, { id: gone });
  await under.client.call(deleteRun, { id: gone });
  await under.client.call(editRun, { id: kept, name: 'renamed' });
  expect(await runs()).toEqual([
    { id: kept, name: 'renamed', gone: false },
    { id: gone, name: 'finish and go', gone: true },
  ]);
  const library = openLibrary(under.folder);
  library.db.prepare('UPDATE runs SET created_at = created_at + 1 WHERE id = ?').run(kept);
  library.close();
  expect((await runs())[0]).toEqual({ id: kept, name: 'finish and stay', gone: true });
  await under.client.call(renameView, { name: 'Both', to: 'Neither' });
  await under.client.call(deleteView, { name: 'Neither' });
  expect(await under.client.call(listViews, {})).toEqual([]);
});
