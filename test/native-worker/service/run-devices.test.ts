import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRun, getRun, pauseRun, resumeRun, type Run } from '../../../contract/runs.ts';
import type { JobParameters } from '../../../contract/jobs.ts';
import { generate, GenerateRequest } from '../../../contract/samples.ts';
import { startTuning } from '../../../contract/tuning.ts';
import { namedGpus, type GpuReport } from '../../../native-worker/engine/runtime/gpu.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { devicesOf, visibleGpus } from '../../../native-worker/service/device-environment.ts';
import { startServiceUnderTest, until, type ServiceUnderTest } from '../../support/service-library.ts';
import { tinyConfig } from '../../support/training-library.ts';

/** Devices that share the batches of a run. */

let under: ServiceUnderTest;
beforeAll(async () => {
  under = await startServiceUnderTest();
});
afterAll(() => under.end());

const create = (devices: string[] | null, engine: 'graph' | 'eager' = 'graph') =>
  under.client.call(createRun, { name: 'work', datasetId: under.datasetId, config: tinyConfig(), devices, engine });
const run = (id: number): Promise<Run> => under.client.call(getRun, { id });
const inState = (id: number, state: Run['state']) => until(async () => (await run(id)).state === state);

test('are kept with the run, stay over a pause, and can be others from then on', async () => {
  const { runId } = await create(['cpu:0', 'cpu:1']);
  expect((await run(runId)).devices).toEqual(['cpu:0', 'cpu:1']);
  const pausedAndResumed = async (change: { devices?: string[] | null }): Promise<Run['devices']> => {
    await inState(runId, 'running');
    await under.client.call(pauseRun, { id: runId });
    await inState(runId, 'paused');
    await under.client.call(resumeRun, { id: runId, ...change });
    return (await run(runId)).devices;
  };
  expect(await pausedAndResumed({})).toEqual(['cpu:0', 'cpu:1']);
  expect(await pausedAndResumed({ devices: ['cpu:0', 'cpu:1', 'cpu:2', 'cpu:3'] })).toHaveLength(4);
  expect(await pausedAndResumed({ devices: null })).toBeNull();
  await inState(runId, 'running');
  await under.client.call(pauseRun, { id: runId });
  await inState(runId, 'paused');
  const resume = (devices: string[]) => under.client.call(resumeRun, { id: runId, devices });
  await expect(resume(['cpu:0', 'cpu:1', 'cpu:2'])).rejects.toMatchObject({ code: 'invalid-input' });
  await expect(resume(['gpu:7'])).rejects.toThrow(/There is no gpu:7/);
  expect(await run(runId)).toMatchObject({ state: 'paused', devices: null });
});

test('that can’t share the batch, aren’t there or compute op by op are refused before anything is made', async () => {
  await expect(create(['cpu:0', 'cpu:1', 'cpu:2'])).rejects.toMatchObject({
    code: 'invalid-input',
    message: 'A batch of 4 can’t be shared out evenly over 3 devices; it can over 2, 4 or one.',
  });
  await expect(create(['cpu:0', 'cpu:1'], 'eager')).rejects.toThrow(/Op by op there is one device/);
  await expect(create(['gpu:0', 'gpu:9'])).rejects.toThrow(/There is no gpu:/);
  await expect(create(['gpu:0', 'cpu:0'])).rejects.toMatchObject({ code: 'invalid-input' });
});

const card = (index: number): GpuReport['gpus'][number] => ({
  ...{ index, name: 'NVIDIA H100', driver: '580.1', memoryTotal: 8e10, memoryUsed: 0, utilisation: 0 },
  ...{ temperature: 40, power: 90, computeCapability: '9.0' },
});

test('a divided card is refused among several, for CUDA shows a process one part', () => {
  const parts = [{ uuid: 'MIG-a', gpu: 1, profile: '3g.40gb' }];
  const report: GpuReport = { gpus: [card(0), card(1)], reason: null, byUuid: new Map(), parts };
  expect(() => namedGpus(report, [0, 1])).toThrow(/gpu:1 is divided into parts \(MIG\)/);
  expect(namedGpus(report, [1])[0]!.visible).toBe('MIG-a');
});

test('drawing and measuring ways to train name devices, too', async () => {
  const { client } = under;
  const draw = (devices: string[], engine: 'graph' | 'eager' = 'graph') =>
    client.call(generate, {
      ...{ model: { kind: 'snapshot', snapshotId: 1 }, seeds: [0], labels: [null], columns: 1 },
      ...{ sampler: {}, devices, engine },
    });
  await expect(draw(['gpu:0', 'cpu:0'])).rejects.toMatchObject({ code: 'invalid-input' });
  const tune = (devices: string[]) =>
    client.call(startTuning, {
      subject: { config: tinyConfig(), shape: { resolution: 16, channels: 3, labelDim: 2 }, devices },
    });
  await expect(tune(['gpu:5', 'gpu:6'])).rejects.toThrow(/There is no gpu:5/);
  await expect(tune(['cpu:0', 'cpu:1', 'cpu:2'])).rejects.toThrow(/can’t be shared out evenly/);
});

test('a job computes on the devices that it names', () => {
  const subject = { config: tinyConfig(), shape: { resolution: 16, channels: 3, labelDim: 2 } };
  const library = openLibrary(under.folder);
  const of = (parameters: JobParameters): string[] | null => devicesOf(library.db, parameters);
  expect(of({ kind: 'tune', seconds: 10, subject: { ...subject, devices: ['gpu:1'] } })).toEqual(['gpu:1']);
  expect(of({ kind: 'tune', seconds: 10, subject })).toBeNull();
  const request = GenerateRequest.parse({
    ...{ model: { kind: 'snapshot', snapshotId: 1 }, seeds: [0], labels: [null], columns: 1, sampler: {} },
    devices: ['gpu:2', 'gpu:0'],
  });
  expect(of({ kind: 'sample', request })).toEqual(['gpu:2', 'gpu:0']);
  library.close();
});

test('cards are found by their numbers, and the job sees them alone and in that order', () => {
  const report: GpuReport = { gpus: [card(0), card(1), card(2)], reason: null, byUuid: new Map(), parts: [] };
  const [a, b] = namedGpus(report, [2, 0]);
  expect([a!.index, b!.index]).toEqual([2, 0]);
  expect(visibleGpus([{ gpu: a! }, { gpu: b! }], ['gpu:2', 'gpu:0'])).toEqual({ visible: '2,0' });
  expect(() => namedGpus(report, [3])).toThrow(
    'There is no gpu:3: there is gpu:0 (NVIDIA H100), gpu:1 (NVIDIA H100), gpu:2 (NVIDIA H100).',
  );
  expect(visibleGpus([{ gpu: null }], ['cpu:0', 'cpu:1'])).toEqual({ visible: '-1' });
  expect(visibleGpus([{ gpu: null }], null)).toBeNull();
});
