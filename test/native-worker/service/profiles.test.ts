import { afterEach, beforeEach, expect, test } from 'vitest';
import { getJob } from '../../../contract/jobs.ts';
import { listProfiles, measureStep, profileAdded } from '../../../contract/profile.ts';
import * as runs from '../../../contract/runs.ts';
import { startServiceUnderTest, until, type ServiceUnderTest } from '../../support/service-library.ts';
import { tinyConfig } from '../../support/training-library.ts';

/** Jobs are real processes here; what they do is said by the first word of the run's name (test/support/fake-job.ts). */

let under: ServiceUnderTest;
beforeEach(async () => (under = await startServiceUnderTest()));
afterEach(() => under.end());

async function create(name: string, engine: 'graph' | 'eager' = 'graph'): Promise<number> {
  const input = { name, datasetId: under.datasetId, config: tinyConfig(), engine };
  return (await under.client.call(runs.createRun, input)).runId;
}

async function inState(name: string, state: runs.RunState, engine?: 'graph' | 'eager'): Promise<number> {
  const id = await create(name, engine);
  await until(async () => (await under.client.call(runs.getRun, { id })).state === state);
  return id;
}

const measure = (runId: number, work: 'training' | 'sampling' = 'training'): Promise<{ jobId: number | null }> =>
  under.client.call(measureStep, { runId, work });

test.each(['training', 'sampling'] as const)('a run that is over is measured by a job: %s', async (work) => {
  const told: number[] = [];
  under.client.on(profileAdded, ({ runId }) => told.push(runId));
  const runId = await inState('measured', 'finished');
  const { jobId } = await measure(runId, work);
  const job = await until(async () => {
    const found = await under.client.call(getJob, { id: jobId! });
    return found.state !== 'queued' && found.state !== 'running' && found;
  });
  expect(job).toMatchObject({ kind: 'profile', state: 'done', runId, error: null });
  const kept = await under.client.call(listProfiles, { runId });
  expect(kept).toMatchObject([{ runId, nimg: 16, profile: { work } }]);
  expect(told).toEqual([runId]);
  const trace = await under.client.file(`/files/profiles/${kept[0]!.id}.json`);
  expect(trace.toString()).toBe('{"traceEvents":[]}');
  expect((await under.client.call(runs.getRun, { id: runId })).state).toBe('finished'); // nothing happened to it
});

test('a run that trains measures its own next step and goes on', async () => {
  const runId = await inState('work', 'running');
  const told: number[] = [];
  under.client.on(profileAdded, (profile) => told.push(profile.runId));
  expect(await measure(runId)).toEqual({ jobId: null });
  await until(() => told.length > 0);
  expect(told).toEqual([runId]);
  expect((await under.client.call(runs.getRun, { id: runId })).state).toBe('running');
});

test('what would be disturbed by training, or has no trace, is refused with what to do', async () => {
  const other = await inState('measured', 'finished');
  const runId = await inState('work', 'running');
  await expect(measure(runId, 'sampling')).rejects.toMatchObject({
    ...{ code: 'conflict', message: '"work" trains, and both would disturb each other. Pause it to measure drawing.' },
  });
  await expect(measure(other)).rejects.toMatchObject({
    message: '"work" trains, and both would disturb each other. Pause it to measure a step of this one.',
  });
  await under.client.call(runs.stopRun, { id: runId });
  await until(async () => (await under.client.call(runs.getRun, { id: runId })).state === 'stopped');
  const eager = await inState('work eagerly', 'running', 'eager');
  await expect(measure(eager)).rejects.toMatchObject({
    message: expect.stringContaining('computes op by op') as string,
  });
});

test('there is one measurement at a time, and none of a run in the trash or that is not there', async () => {
  const runId = await inState('finish', 'finished');
  const trashed = await inState('finish', 'finished');
  await under.client.call(runs.editRun, { id: runId, name: 'deaf' });
  await measure(runId);
  await expect(measure(runId)).rejects.toMatchObject({
    ...{ code: 'conflict', message: expect.stringContaining('Another measurement is under way') as string },
  });
  await under.client.call(runs.trashRun, { id: trashed });
  await expect(measure(trashed)).rejects.toMatchObject({ message: '"finish" is in the trash. Restore it first.' });
  await expect(measure(99)).rejects.toMatchObject({ code: 'not-found' });
  await expect(under.client.call(listProfiles, { runId: 99 })).rejects.toMatchObject({ code: 'not-found' });
});
