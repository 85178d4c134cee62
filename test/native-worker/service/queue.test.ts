import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { jobChanged, runChanged, runTicked } from '../../../contract/events.ts';
import { cancelJob, getJob, listJobs, moveJob, type Job } from '../../../contract/jobs.ts';
import { importDataset } from '../../../contract/datasets.ts';
import { grantFolder } from '../../../contract/folders.ts';
import * as runs from '../../../contract/runs.ts';
import { fakeEnvironment, startServiceUnderTest, until, type ServiceUnderTest } from '../../support/service-library.ts';
import { tinyConfig } from '../../support/training-library.ts';

/** Jobs are real processes here; what they do is said by the first word of the run's name (test/support/fake-job.ts). */

let under: ServiceUnderTest;
beforeEach(
  async () =>
    (under = await startServiceUnderTest({
      environment: async () => ({ ...(await fakeEnvironment()), ONLY: 'this' }),
    })),
);
afterEach(() => under.end());

async function create(name: string): Promise<{ runId: number; jobId: number }> {
  return under.client.call(runs.createRun, { name, datasetId: under.datasetId, config: tinyConfig() });
}

const run = (id: number): Promise<runs.Run> => under.client.call(runs.getRun, { id });
const job = (id: number): Promise<Job> => under.client.call(getJob, { id });

function ended(jobId: number): Promise<Job> {
  return until(async () => {
    const found = await job(jobId);
    return found.state !== 'queued' && found.state !== 'running' && found;
  });
}

async function training(name = 'work'): Promise<{ runId: number; jobId: number }> {
  const ids = await create(name);
  await until(async () => (await job(ids.jobId)).progress !== null);
  return ids;
}

test('a run is trained to its end, and everybody is told on the way', async () => {
  const heard: string[] = [];
  under.client.on(jobChanged, ({ state }) => heard.push(`job ${state}`));
  under.client.on(runChanged, ({ state, nimg }) => heard.push(`run ${state} ${nimg}`));
  under.client.on(runTicked, ({ ticks }) => heard.push(`tick ${ticks.nimg.join()}`));
  const { runId, jobId } = await create('finish');
  expect(await ended(jobId)).toMatchObject({ state: 'done', error: null, kind: 'train', runId });
  expect(await run(runId)).toMatchObject({ state: 'finished', nimg: 16, device: 'A test', lastLoss: 0.5, error: null });
  await until(() => heard.includes('job done'));
  for (const text of ['job queued', 'job running', 'run running 0', 'tick 16', 'run running 16', 'run finished 16']) {
    expect(heard).toContain(text);
  }
});

test('pause, resume and stop go through the process and its checkpoint', async () => {
  const { runId, jobId } = await training();
  await under.client.call(runs.pauseRun, { id: runId });
  expect((await ended(jobId)).state).toBe('done');
  expect(await run(runId)).toMatchObject({ state: 'paused', nimg: 320, endedAt: null });
  const { jobId: second } = await under.client.call(runs.resumeRun, { id: runId });
  await until(async () => (await job(second)).progress !== null);
  expect((await run(runId)).state).toBe('running');
  await under.client.call(runs.stopRun, { id: runId });
  await ended(second);
  expect((await run(runId)).state).toBe('stopped');
  await expect(under.client.call(runs.pauseRun, { id: runId })).rejects.toMatchObject({ code: 'conflict' });
  const { jobId: third } = await under.client.call(runs.resumeRun, { id: runId }); // to stop is not the end for ever
  await until(async () => (await job(third)).progress !== null);
  expect((await run(runId)).state).toBe('running');
});

test('a run goes on in another micro-batch, which must divide its batch, and its config stays as it was', async () => {
  const { runId, jobId } = await training();
  await under.client.call(runs.pauseRun, { id: runId });
  await ended(jobId);
  const resume = (microBatch: number | null) => under.client.call(runs.resumeRun, { id: runId, microBatch });
  await expect(resume(3)).rejects.toMatchObject({
    code: 'invalid-input',
    message: 'Batch size 4 is not a multiple of micro-batch 3; the nearest that divide it are 2 and 4.',
  });
  expect(await run(runId)).toMatchObject({ state: 'paused', microBatch: null });
  const { jobId: second } = await resume(2);
  await until(async () => (await job(second)).progress !== null);
  await under.client.call(runs.pauseRun, { id: runId });
  await ended(second);
  expect(await run(runId)).toMatchObject({ microBatch: 2, config: { training: { microBatch: null } } });
  const { jobId: third } = await under.client.call(runs.resumeRun, { id: runId });
  await until(async () => (await job(third)).progress !== null);
  expect((await run(runId)).microBatch).toBe(2);
});

test('of two runs one waits, can be overtaken, and can leave the queue before it began', async () => {
  const first = await training();
  const [second, third] = [await create('finish b'), await create('finish c')];
  await under.client.call(moveJob, { id: third.jobId, position: 0 });
  const listed = await under.client.call(listJobs, {});
  expect(listed.map(({ id }) => id)).toEqual([first.jobId, third.jobId, second.jobId]);
  await under.client.call(runs.pauseRun, { id: second.runId });
  expect(await run(second.runId)).toMatchObject({ state: 'paused', startedAt: null });
  expect((await job(second.jobId)).state).toBe('cancelled');
  expect((await run(third.runId)).state).toBe('queued');
  await under.client.call(runs.stopRun, { id: first.runId });
  expect((await ended(third.jobId)).state).toBe('done'); // its turn came when the first was gone
});

test('a job that fails with a sentence fails its run with that sentence', async () => {
  const { runId, jobId } = await create('fail');
  expect(await ended(jobId)).toMatchObject({
    state: 'failed',
    error: 'The loss became NaN at 16 images.',
    errorCode: 'not-finite',
  });
  expect(await run(runId)).toMatchObject({ state: 'failed', error: 'The loss became NaN at 16 images.' });
});

test('a job that exits without a word fails its run, and its last words are in the log', async () => {
  const { runId, jobId } = await create('crash');
  expect((await ended(jobId)).error).toBe(
    'The training process ended unexpectedly with exit code 3. Its last words are in the log.',
  );
  const log = await under.client.call(runs.runLog, { id: runId });
  expect(log.map(({ text }) => text).join('\n')).toContain('TensorFlow says farewell');
  expect(readFileSync(join(under.folder, `logs/job-${jobId}.log`), 'utf8')).toContain('first line');
});

test('a job that aborts is named with its signal', async () => {
  const { jobId } = await create('abort');
  expect((await ended(jobId)).error).toContain('crashed (SIGABRT)');
});

test('a job that ran out of memory is recognised, however it died', async () => {
  const { jobId, runId } = await create('bad-alloc');
  const failure = 'The training process ran out of memory. Micro-batch 2 takes less';
  expect(await ended(jobId)).toMatchObject({
    errorCode: 'out-of-memory',
    error: expect.stringContaining(failure) as string,
  });
  expect((await run(runId)).error).toContain(failure);
  const killed = await create('killed');
  expect((await ended(killed.jobId)).error).toMatch(/was killed \(SIGKILL\) from outside: .*because memory ran short/);
});

test.each(['pause', 'stop'] as const)(
  'a run that does not come through its first step can be ended by %s',
  async (how) => {
    await under.end();
    under = await startServiceUnderTest({ firstStepMs: 100 });
    const { runId, jobId } = await training('deaf');
    await under.client.call(how === 'pause' ? runs.pauseRun : runs.stopRun, { id: runId });
    expect(await ended(jobId)).toMatchObject({ state: 'cancelled', error: null, errorCode: null });
    expect(await run(runId)).toMatchObject({ state: how === 'pause' ? 'paused' : 'stopped', error: null });
    const log = await under.client.call(runs.runLog, { id: runId });
    expect(log.at(-1)!.text).toMatch(/ before the first step was done\.$/);
    if (how === 'pause') await under.client.call(runs.resumeRun, { id: runId });
  },
);

// The job takes longer than it may take over its first step; a busy machine hears of a pause late, so the second may take some time.
test.each([
  ['slow-to-end', 100],
  ['hears-before-its-first-step', 2500],
])(
  'a run that has done its first step, or has heard that it is to end, is given all the time it needs (%s)',
  async (how, firstStepMs) => {
    await under.end();
    under = await startServiceUnderTest({ firstStepMs });
    const { runId, jobId } = await training(how);
    await under.client.call(runs.pauseRun, { id: runId });
    expect((await ended(jobId)).state).toBe('done');
    expect(await run(runId)).toMatchObject({ state: 'paused', nimg: 320 });
  },
);

test('the progress of a grid is forgotten when the run trains again', async () => {
  const heard: (string | null)[] = [];
  under.client.on(jobChanged, ({ progress }) => heard.push(progress?.text ?? null));
  const { runId, jobId } = await create('grid');
  await until(async () => (await run(runId)).nimg === 16);
  expect(heard).toContain('Drawing 6 pictures');
  expect(heard.at(-1)).toBeNull();
  expect((await job(jobId)).progress).toBeNull();
  await under.client.call(runs.pauseRun, { id: runId });
  expect(await ended(jobId)).toMatchObject({ state: 'done', progress: null });
});

test('a run whose process was killed can go on from its last checkpoint', async () => {
  const { runId, jobId } = await create('killed');
  await ended(jobId);
  expect(await run(runId)).toMatchObject({ state: 'failed', nimg: 160 });
  const { jobId: second } = await under.client.call(runs.resumeRun, { id: runId });
  await ended(second);
});

test('a process that is killed from outside while it works takes nothing with it', async () => {
  const { runId, jobId } = await training();
  const pid = readPid(jobId);
  process.kill(pid, 'SIGKILL');
  expect(await ended(jobId)).toMatchObject({
    errorCode: 'interrupted', // nobody's bug
    error: expect.stringContaining('SIGKILL') as string,
  });
  expect((await run(runId)).state).toBe('failed');
  const next = await create('finish');
  expect((await ended(next.jobId)).state).toBe('done');
});

function readPid(jobId: number): number {
  const children = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .map(Number);
  return children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').at(-2) === String(jobId))!;
}

test('messages that are none are left out, and what is printed without end is cut off', async () => {
  const { jobId } = await create('chatty');
  expect((await ended(jobId)).state).toBe('done');
  expect(statSync(join(under.folder, `logs/job-${jobId}.log`)).size).toBeLessThan(4.3e6); // 4 MiB and a last chunk
});

test('a job sees nothing of the environment but what it is given', async () => {
  process.env.EDM2_SECRET = 'of the user';
  const { runId, jobId } = await create('environment');
  await ended(jobId);
  delete process.env.EDM2_SECRET;
  const log = await under.client.call(runs.runLog, { id: runId });
  const said = log.map(({ text }) => text).join('\n');
  expect(said).toContain('ONLY=this');
  expect(said).not.toContain('of the user');
});

async function importWith(orders: string): Promise<number> {
  const { id } = await under.client.call(grantFolder, { path: under.folder });
  return (await under.client.call(importDataset, { folder: id, options: { name: orders, resolution: 8 } })).jobId;
}

test('an import that names a file outside its own folder, or none, brings nothing into the library', async () => {
  expect((await ended(await importWith('escapes'))).state).toBe('failed');
  expect((await ended(await importWith('nothing'))).error).toContain('left no file');
  expect(statSync(join(under.folder, 'library.sqlite')).size).toBeGreaterThan(0); // it was not moved
});

test('an import runs beside a training run, and can be cancelled', async () => {
  const { runId } = await training();
  const jobId = await importWith('work');
  await until(async () => (await job(jobId)).progress !== null);
  expect((await run(runId)).state).toBe('running');
  await under.client.call(cancelJob, { id: jobId });
  expect(await ended(jobId)).toMatchObject({ state: 'cancelled', error: null });
  await expect(under.client.call(cancelJob, { id: jobId })).rejects.toMatchObject({ code: 'conflict' });
});

test('to cancel the job of a run is to stop the run', async () => {
  const { runId, jobId } = await training();
  await under.client.call(cancelJob, { id: jobId });
  await ended(jobId);
  expect((await run(runId)).state).toBe('stopped');
});

test('a run at work can not be thrown away; one in the trash can be deleted, with all it left', async () => {
  const { runId, jobId } = await training();
  await expect(under.client.call(runs.trashRun, { id: runId })).rejects.toMatchObject({ code: 'conflict' });
  await expect(under.client.call(runs.deleteRun, { id: runId })).rejects.toMatchObject({ code: 'conflict' });
  await under.client.call(runs.stopRun, { id: runId });
  await ended(jobId);
  await under.client.call(runs.trashRun, { id: runId });
  await under.client.call(runs.deleteRun, { id: runId });
  await expect(run(runId)).rejects.toMatchObject({ code: 'not-found' });
  expect(() => statSync(join(under.folder, `files/runs/${runId}`))).toThrow('ENOENT');
});

test('a network that can not be is refused before it is queued', async () => {
  const config = tinyConfig();
  config.network.channelMult = [1, 1, 1, 1, 1, 1]; // 16 pixels can be halved four times
  const input = { name: 'x', datasetId: under.datasetId, config };
  await expect(under.client.call(runs.createRun, input)).rejects.toMatchObject({ code: 'invalid-input' });
  expect(await under.client.call(listJobs, {})).toEqual([]);
});

test('a run that can not fit into memory is refused with what would, and is tried when the user insists', async () => {
  const config = tinyConfig({ batchSize: 8192 });
  config.network.modelChannels = 512;
  const input = { name: 'work', datasetId: under.datasetId, config };
  const refused: unknown = await under.client.call(runs.createRun, input).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: 'out-of-memory',
    message: expect.stringMatching(
      /^Training with 8192 pictures at once takes about .* this machine has .*icro-batch \d+/,
    ) as string,
  });
  expect(await under.client.call(listJobs, {})).toEqual([]);
  const { runId } = await under.client.call(runs.createRun, { ...input, force: true });
  await until(async () => (await run(runId)).state === 'running');
});

test('the end of the service pauses what trains, and puts back to the queue what does not', async () => {
  const { runId, jobId } = await training();
  const importJob = await importWith('work');
  await until(async () => (await job(importJob)).progress !== null);
  const changes: string[] = [];
  under.client.on(runChanged, ({ state }) => changes.push(state));
  await under.service.stop();
  await until(() => changes.includes('paused')); // what was told before the end may still be on its way
  expect(changes.at(-1)).toBe('paused');
  const { openLibrary } = await import('../../../native-worker/store/library.ts');
  const store = await import('../../../native-worker/store/jobs.ts');
  const { getRunSummary } = await import('../../../native-worker/store/runs.ts');
  const library = openLibrary(under.folder);
  expect(getRunSummary(library.db, runId)).toMatchObject({ state: 'paused', nimg: 320 });
  expect(store.getJob(library.db, jobId).state).toBe('done');
  expect(store.getJob(library.db, importJob).state).toBe('queued');
  library.close();
});
