import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { reconstructionsChanged } from '../../../contract/events.ts';
import { getJob } from '../../../contract/jobs.ts';
import * as calls from '../../../contract/reconstructions.ts';
import { deleteRun, trashRun } from '../../../contract/runs.ts';
import { generate } from '../../../contract/samples.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { setRunState } from '../../../native-worker/store/runs.ts';
import { root } from '../../support/root.ts';
import { startServiceUnderTest, until, type ServiceUnderTest } from '../../support/service-library.ts';
import { makeSnapshot } from '../../support/snapshot-files.ts';
import { makeRun, tinyConfig } from '../../support/training-library.ts';

/** The calls about reconstructions, with the real job: it needs no TensorFlow. */

let under: ServiceUnderTest;
let runId: number;
beforeEach(async () => {
  under = await startServiceUnderTest({ jobScript: join(root, 'native-worker/jobs/main.ts') });
  runId = await addRun();
});
afterEach(() => under.end());

/** A run that is over, with snapshots of 0.05 and 0.1 at 32 and 64 images. */
async function addRun(training: Parameters<typeof tinyConfig>[0] = {}): Promise<number> {
  const library = openLibrary(under.folder);
  const id = makeRun(library, under.datasetId, tinyConfig(training));
  setRunState(library.db, id, 'finished');
  for (const [t, nimg] of [32, 64].entries()) {
    for (const [s, sigmaRel] of [0.05, 0.1].entries()) {
      await makeSnapshot(library, { runId: id, nimg, sigmaRel }, 10 * t + s);
    }
  }
  library.close();
  return id;
}

async function keep(sigmaRels: number[], nimg: number | null = null): Promise<void> {
  const { jobId } = await under.client.call(calls.keepReconstructions, {
    runId,
    nimg,
    targets: sigmaRels.map((sigmaRel) => ({ sigmaRel })),
  });
  const job = await until(async () => {
    const found = await under.client.call(getJob, { id: jobId });
    return found.state !== 'queued' && found.state !== 'running' ? found : null;
  });
  expect(job).toMatchObject({ kind: 'reconstruct', state: 'done', runId, error: null });
}

const list = (): Promise<calls.Reconstruction[]> => under.client.call(calls.listReconstructions, { runId });

test('averages are kept by a job, listed, renamed, found on the disk and deleted, and everybody is told', async () => {
  const told: number[] = [];
  under.client.on(reconstructionsChanged, (payload) => told.push(payload.runId));
  await keep([0.15, 0.07]);
  const [short, long] = await list();
  expect([short, long]).toMatchObject([
    { sigmaRel: 0.07, nimg: 64, runId },
    { sigmaRel: 0.15, nimg: 64, runId },
  ]);
  expect(told).toEqual([runId]);

  await under.client.call(calls.renameReconstruction, { id: long!.id, name: 'the long one' });
  expect((await list())[1]!.name).toBe('the long one');
  const { path } = await under.client.call(calls.locateReconstruction, { id: long!.id });
  expect(existsSync(path)).toBe(true);

  await under.client.call(calls.deleteReconstruction, { id: long!.id });
  expect(existsSync(path)).toBe(false);
  expect(await list()).toEqual([short]);
  expect(told).toHaveLength(3);
  await expect(under.client.call(calls.deleteReconstruction, { id: long!.id })).rejects.toMatchObject({
    code: 'not-found',
  });
});

test('what is kept already is not made again, and the refusal names it', async () => {
  await keep([0.15], 32);
  await expect(keep([0.2, 0.15], 32)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('kept already, as "σ_rel 0.15 at 32 images"') as string,
  });
  await keep([0.15], 64); // another moment is another average
  expect(await list()).toHaveLength(2);
});

test.each([
  ['a length that does not exist', { targets: [{ sigmaRel: 0.3 }] }, 'invalid-input', ''],
  ['one length twice', { targets: [{ sigmaRel: 0.2 }, { sigmaRel: 0.2 }] }, 'invalid-input', 'named twice'],
  ['a moment without a snapshot', { nimg: 48, targets: [{ sigmaRel: 0.2 }] }, 'not-found', 'nearest is at 32'],
  ['a moment after the last', { nimg: 96, targets: [{ sigmaRel: 0.2 }] }, 'not-found', "can't be reconstructed"],
  ['a run that is not there', { runId: 99, targets: [{ sigmaRel: 0.2 }] }, 'not-found', 'no run 99'],
  ['no length', { targets: [] }, 'invalid-input', ''],
])('%s is refused before a job starts', async (_what, change, code, sentence) => {
  await expect(under.client.call(calls.keepReconstructions, { runId, ...change })).rejects.toMatchObject({
    code,
    message: expect.stringContaining(sentence) as string,
  });
});

test('a run with an exponential average is refused', async () => {
  const exponential = await addRun({ averaging: 'exponential', sigmaRels: [0.1] });
  await expect(
    under.client.call(calls.keepReconstructions, { runId: exponential, targets: [{ sigmaRel: 0.2 }] }),
  ).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('exponential') as string });
});

test('pictures from an average that can not be made are refused before a process starts', async () => {
  const drawing = { seeds: [1], labels: [null], columns: 1, sampler: {} };
  const draw = (
    model: Parameters<typeof under.client.call<typeof generate.input, typeof generate.output>>[1]['model'],
  ) => under.client.call(generate, { ...drawing, model });
  await expect(draw({ kind: 'recipe', runId, nimg: 48, sigmaRel: 0.2 })).rejects.toMatchObject({ code: 'not-found' });
  await expect(draw({ kind: 'reconstruction', reconstructionId: 9 })).rejects.toMatchObject({ code: 'not-found' });
});

test('a deleted run takes its reconstructions with it', async () => {
  await keep([0.15]);
  const [{ id }] = (await list()) as [calls.Reconstruction];
  const { path } = await under.client.call(calls.locateReconstruction, { id });
  await under.client.call(trashRun, { id: runId });
  await under.client.call(deleteRun, { id: runId });
  expect(existsSync(path)).toBe(false);
  expect(await under.client.call(calls.listReconstructions, {})).toEqual([]);
});

test('a job that is killed leaves nothing half-written, and says that it was killed', async () => {
  const { own, jobId, folder } = await litteringJob();
  const library = openLibrary(own.folder);
  process.kill(
    library.db.prepare<[number], number>('SELECT pid FROM jobs WHERE id = ?').pluck().get(jobId)!,
    'SIGKILL',
  );
  library.close();
  const job = await until(async () => {
    const found = await own.client.call(getJob, { id: jobId });
    return found.state === 'failed' ? found : null;
  });
  expect(job.error).toMatch(/The reconstruction was killed \(SIGKILL\)/);
  await until(() => readdirSync(folder).length === 0);
  await own.end();
});

test('a job that the end of the service interrupts leaves nothing half-written, and waits for the next start', async () => {
  const { own, jobId, folder } = await litteringJob();
  await own.service.stop();
  expect(readdirSync(folder)).toEqual([]);
  const library = openLibrary(own.folder);
  expect(library.db.prepare('SELECT state FROM jobs WHERE id = ?').pluck().get(jobId)).toBe('queued');
  library.close();
  await own.end();
});

/** A service whose reconstruction has written half of a file and works on. */
async function litteringJob(): Promise<{ own: ServiceUnderTest; jobId: number; folder: string }> {
  const own = await startServiceUnderTest(); // with fake jobs
  const library = openLibrary(own.folder);
  const id = makeRun(library, own.datasetId, tinyConfig());
  library.db.prepare(`UPDATE runs SET name = 'litter', state = 'finished'`).run(); // what the fake job is to do
  await makeSnapshot(library, { runId: id, nimg: 32, sigmaRel: 0.1 }, 1);
  library.close();
  const { jobId } = await own.client.call(calls.keepReconstructions, { runId: id, targets: [{ sigmaRel: 0.2 }] });
  const folder = join(own.folder, 'files/tmp');
  await until(() => readdirSync(folder).length > 0);
  return { own, jobId, folder };
}
