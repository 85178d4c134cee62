import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelJob, getJob, listJobs, type Job } from '../../../contract/jobs.ts';
import { createRun, stopRun } from '../../../contract/runs.ts';
import {
  findTuning,
  startTuning,
  tuningChanged,
  tuningKey,
  type Tuning,
  type TuningSubject,
} from '../../../contract/tuning.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { insertTuning, setTuningResults } from '../../../native-worker/store/tunings.ts';
import { startServiceUnderTest, until, type ServiceUnderTest } from '../../support/service-library.ts';
import { tinyConfig } from '../../support/training-library.ts';

/** Trying out ways to train, by jobs that only say that they did. */

let under: ServiceUnderTest;
const before = process.env.EDM2_RUNTIME;
beforeAll(async () => {
  process.env.EDM2_RUNTIME = 'cpu';
  under = await startServiceUnderTest();
});
afterAll(async () => {
  await under.end();
  if (before === undefined) delete process.env.EDM2_RUNTIME;
  else process.env.EDM2_RUNTIME = before;
});

const subject = (part: Partial<TuningSubject['config']['training']> = {}): TuningSubject => ({
  config: tinyConfig(part),
  shape: { resolution: 8, channels: 3, labelDim: 2 },
});

test('what a job measured is told, and found for such a subject', async () => {
  const told: Tuning[] = [];
  const unsubscribe = under.client.on(tuningChanged, (tuning) => void told.push(tuning));
  expect(await under.client.call(findTuning, { subject: subject() })).toBeNull();
  const { jobId } = await under.client.call(startTuning, { subject: subject(), seconds: 20 });
  await until(async () => (await under.client.call(getJob, { id: jobId })).state === 'done');
  const found = (await under.client.call(findTuning, { subject: subject() }))!;
  expect(found.results[0]).toMatchObject({ measured: { imagesPerSecond: 12.5 }, problem: null });
  expect(told.map(({ id }) => id)).toEqual([found.id]);
  expect(await under.client.call(getJob, { id: jobId })).toMatchObject({ kind: 'tune', runId: null });
  // What is chosen, and what is fed, makes no other subject; the batch does.
  const alike = subject({ precision: 'bf16', learningRate: 0.5, microBatch: 2, seed: 9 });
  expect((await under.client.call(findTuning, { subject: alike }))?.id).toBe(found.id);
  expect(await under.client.call(findTuning, { subject: subject({ batchSize: 8 }) })).toBeNull();
  expect(tuningKey(alike)).not.toBe(tuningKey(subject({ batchSize: 8 })));
  unsubscribe();
});

test('figures of another device, driver or TensorFlow don’t count', async () => {
  const wanted = subject({ batchSize: 12 });
  const library = openLibrary(under.folder);
  for (const on of [
    { device: 'NVIDIA H200', driver: '580.159', tensorflow: '2.21.0' },
    { device: 'another processor', driver: null, tensorflow: '2.21.0' },
  ]) {
    const choice = { precision: 'fp32', microBatch: 12, threads: null, compile: 'none', deterministic: false } as const;
    setTuningResults(
      library.db,
      insertTuning(library.db, on, wanted),
      [{ choice, measured: null, problem: 'x' }],
      true,
    );
  }
  library.close();
  expect(await under.client.call(findTuning, { subject: wanted })).toBeNull();
});

test('a run that is started meanwhile waits until the measurement is over', async () => {
  const { client, datasetId } = under;
  const { jobId: measurement } = await client.call(startTuning, { subject: subject(), seconds: 600 });
  await until(async () => (await client.call(getJob, { id: measurement })).progress !== null);
  const { jobId: training } = await client.call(createRun, { name: 'finish', datasetId, config: tinyConfig() });
  await client.call(cancelJob, { id: measurement });
  const over = async (id: number): Promise<Job | false> => {
    const job = await client.call(getJob, { id });
    return job.endedAt !== null && job;
  };
  const [measured, trained] = [await until(() => over(measurement)), await until(() => over(training))];
  expect(measured.state).toBe('cancelled');
  expect(trained.state).toBe('done');
  expect(trained.startedAt).toBeGreaterThanOrEqual(measured.endedAt!);
});

test('it is refused while a run trains, in a precision that the device does not have, and for no network', async () => {
  const { client, datasetId } = under;
  await expect(client.call(startTuning, { subject: subject({ precision: 'fp16' }) })).rejects.toThrow(/fp16/);
  const odd = subject();
  odd.config.network.channelMult = [1, 1, 1, 1, 1]; // five levels of 8×8
  await expect(client.call(startTuning, { subject: odd })).rejects.toMatchObject({ code: 'invalid-input' });
  const { runId } = await client.call(createRun, { name: 'work', datasetId, config: tinyConfig() });
  await until(async () =>
    (await client.call(listJobs, {})).some(({ kind, state }) => kind === 'train' && state === 'running'),
  );
  await expect(client.call(startTuning, { subject: subject() })).rejects.toThrow(
    '"work" trains, and both would disturb',
  );
  await client.call(stopRun, { id: runId });
});
