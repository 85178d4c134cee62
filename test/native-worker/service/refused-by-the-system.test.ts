import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { setSettings, getSettings } from '../../../contract/app.ts';
import { listDatasets } from '../../../contract/datasets.ts';
import { getJob, listJobs, type Job } from '../../../contract/jobs.ts';
import { createRun, editRun, getRun, listRuns, pauseRun } from '../../../contract/runs.ts';
import { databasePath } from '../../../native-worker/store/paths.ts';
import { holdIndex } from '../../support/hold-index.ts';
import { startServiceUnderTest, until, type ServiceUnderTest } from '../../support/service-library.ts';
import { describeOnSmallDisks, mountSmallDisk } from '../../support/small-disk.ts';
import { tinyConfig } from '../../support/training-library.ts';

/** An index that another program keeps locked, a full disk, rows that make no sense: the service goes on. */

let under: ServiceUnderTest;
let cleanUp: (() => Promise<void> | void)[] = [];

beforeEach(async () => {
  cleanUp = [];
  under = await startServiceUnderTest();
});
afterEach(async () => {
  for (const undo of cleanUp.reverse()) await undo();
  await under.end();
});

async function hold(): Promise<() => Promise<void>> {
  const letGo = await holdIndex(under.folder);
  cleanUp.push(letGo);
  return letGo;
}

async function create(name: string): Promise<{ runId: number; jobId: number }> {
  return under.client.call(createRun, { name, datasetId: under.datasetId, config: tinyConfig() });
}

const job = (id: number): Promise<Job> => under.client.call(getJob, { id });

function ended(jobId: number): Promise<Job> {
  return until(async () => {
    const found = await job(jobId);
    return found.state !== 'queued' && found.state !== 'running' && found;
  });
}

async function training(name: string): Promise<{ runId: number; jobId: number }> {
  const ids = await create(name);
  await until(async () => (await job(ids.jobId)).progress !== null);
  return ids;
}

const told = (jobId: number): Promise<string | undefined> => job(jobId).then(({ progress }) => progress?.text);

describe('an index that another program keeps locked', () => {
  test('holds up no call that only reads, and one that writes until it is free', async () => {
    const letGo = await hold();
    let changed = false;
    const change = under.client.call(setSettings, { threads: 5 }).then(() => (changed = true));
    expect(await under.client.call(listRuns, {})).toEqual([]);
    expect((await under.client.call(listDatasets, {})).length).toBe(1);
    expect((await under.client.call(getSettings, {})).threads).toBeNull();
    expect(changed).toBe(false);
    await letGo();
    await change;
    expect((await under.client.call(getSettings, {})).threads).toBe(5);
  });

  test('keeps no run from its end, nor the end from its reason', async () => {
    const { runId, jobId } = await training('fail-when-told');
    const letGo = await hold();
    writeFileSync(join(under.folder, 'fail-now'), '');
    await until(async () => (await told(jobId))?.includes('Another program keeps'));
    expect((await job(jobId)).state).toBe('running'); // its row can't say otherwise yet
    await letGo();
    expect(await ended(jobId)).toMatchObject({ state: 'failed', error: 'The loss became NaN at 16 images.' });
    expect(await under.client.call(getRun, { id: runId })).toMatchObject({
      state: 'failed',
      error: 'The loss became NaN at 16 images.',
    });
  });

  test('delays what was asked of a run, which then is done once', async () => {
    const { runId, jobId } = await training('work');
    const waiting = await create('finish');
    const letGo = await hold();
    const paused = under.client.call(pauseRun, { id: waiting.runId });
    const edited = under.client.call(editRun, { id: runId, notes: 'under lock' });
    await under.client.call(pauseRun, { id: runId }); // goes to its process, which waits for the index to save
    expect((await job(jobId)).state).toBe('running');
    await letGo();
    await Promise.all([paused, edited]);
    expect(await ended(jobId)).toMatchObject({ state: 'done' });
    expect(await under.client.call(getRun, { id: runId })).toMatchObject({
      state: 'paused',
      nimg: 320,
      notes: 'under lock',
    });
    expect(await under.client.call(getRun, { id: waiting.runId })).toMatchObject({ state: 'paused', nimg: 0 });
  });
});

describeOnSmallDisks('a full disk', () => {
  test('does not end the service, and what a run failed of is recorded when there is room', async () => {
    await under.end();
    const disk = mountSmallDisk();
    cleanUp.push(() => disk.remove());
    const { TMPDIR } = process.env;
    process.env.TMPDIR = disk.place; // where libraries of tests are made
    under = await startServiceUnderTest().finally(() => (process.env.TMPDIR = TMPDIR ?? '/tmp'));
    cleanUp.push(() => under.end());
    const { runId, jobId } = await training('fail-when-told');
    mkdirSync(join(under.folder, 'fail-now')); // nothing of it takes room any more
    const makeRoom = disk.fill();
    await until(async () => {
      const now = await job(jobId);
      return now.state === 'failed' || now.progress?.text.includes('is full') === true;
    });
    // Whatever is asked meanwhile is answered, a write with a sentence where it finds no room.
    expect((await under.client.call(listRuns, {})).length).toBe(1);
    const notes = 'x'.repeat(4000);
    for (let turn = 0; turn < 50; turn++) {
      const answer: unknown = await under.client
        .call(editRun, { id: runId, notes: `${turn}${notes}` })
        .catch((error: unknown) => error);
      if (answer instanceof Error)
        expect(answer).toMatchObject({ code: 'no-space', message: expect.stringContaining('is full') as string });
    }
    makeRoom();
    expect(await ended(jobId)).toMatchObject({ state: 'failed', error: 'The loss became NaN at 16 images.' });
    expect(await under.client.call(getRun, { id: runId })).toMatchObject({
      error: 'The loss became NaN at 16 images.',
    });
    await ended((await create('finish')).jobId);
  });
});

/** Changes the index as somebody's hand would. */
function damage(sql: string): void {
  const db = new Database(databasePath(under.folder), { timeout: 10_000 });
  db.pragma('ignore_check_constraints = ON');
  db.exec(sql);
  db.close();
}

describe('a row that makes no sense', () => {
  test('costs itself, not the list that it stands in', async () => {
    const [bad, good] = [await create('finish'), await create('finish')];
    await Promise.all([ended(bad.jobId), ended(good.jobId)]);
    damage(`UPDATE runs SET tags = 'none' WHERE id = ${bad.runId};
            UPDATE jobs SET progress = '{"done":1}' WHERE id = ${bad.jobId};
            INSERT INTO settings (name, value) VALUES ('threads', 'four');
            UPDATE datasets SET problems = '[' WHERE id = ${under.datasetId}`);
    expect((await under.client.call(listRuns, {})).map(({ id }) => id)).toEqual([good.runId]);
    expect((await under.client.call(listJobs, {})).map(({ id }) => id)).toEqual([good.jobId]);
    expect((await under.client.call(listDatasets, {})).map(({ id }) => id)).toEqual([under.datasetId]);
    expect((await under.client.call(getSettings, {})).threads).toBeNull();
    await expect(under.client.call(getRun, { id: bad.runId })).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringContaining(
        `Run ${bad.runId} can't be read: what the library's index holds as its tags`,
      ) as string,
    });
  });

  test('in the queue fails by itself, with its run, and the next job runs', async () => {
    const first = await training('work');
    const [bad, good] = [await create('finish'), await create('finish')];
    damage(`UPDATE jobs SET parameters = '{"kind":"tra' WHERE id = ${bad.jobId}`);
    await under.client.call(pauseRun, { id: first.runId });
    expect(await ended(good.jobId)).toMatchObject({ state: 'done' });
    const problem = expect.stringContaining(`Job ${bad.jobId} can't be read`) as string;
    expect(await job(bad.jobId)).toMatchObject({ state: 'failed', errorCode: 'corrupt-file', error: problem });
    expect(await under.client.call(getRun, { id: bad.runId })).toMatchObject({ state: 'failed', error: problem });
  });
});
