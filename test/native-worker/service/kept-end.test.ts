import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listDatasets } from '../../../contract/datasets.ts';
import { getJob, type Job } from '../../../contract/jobs.ts';
import { createRun, getRun, runLog } from '../../../contract/runs.ts';
import { openClient, type ServiceClient } from '../../../native-worker/client/service-client.ts';
import { keepEnd, reserveEnd } from '../../../native-worker/service/kept-end.ts';
import { openLog } from '../../../native-worker/service/log-file.ts';
import { recover } from '../../../native-worker/service/recovery.ts';
import * as stored from '../../../native-worker/store/jobs.ts';
import { insertLog, listLog } from '../../../native-worker/store/log.ts';
import { getRunSummary, setRunState } from '../../../native-worker/store/runs.ts';
import { holdIndex } from '../../support/hold-index.ts';
import { until } from '../../support/service-library.ts';
import { fakeJobsService, ServiceProcesses, type Started } from '../../support/service-process.ts';
import { describeOnSmallDisks, mountSmallDisk, type SmallDisk } from '../../support/small-disk.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/** A service that ends while it waits to record how a job ended: real processes, with fake jobs. */

let folder: string;
let cleanUp: (() => Promise<void> | void)[] = [];
const processes = new ServiceProcesses();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-kept-'));
  cleanUp = [() => rmSync(folder, { recursive: true, force: true })];
});
afterEach(async () => {
  await processes.end();
  for (const undo of cleanUp.reverse()) await undo();
});

async function serve(args: string[] = []): Promise<{ service: Started; client: ServiceClient }> {
  const service = processes.start(folder, args, fakeJobsService);
  return { service, client: await openClient(String((await service.line).socket)) };
}

/**
 * Lets a run fail where that can't be recorded, ends the service, and starts another one.
 *
 * @param obstruct @returns what takes the obstacle away
 */
async function endWhileItWaits(
  signal: 'SIGKILL' | 'SIGTERM',
  obstruct: () => Promise<() => Promise<void> | void> | (() => void),
  args: string[] = [],
): Promise<{ client: ServiceClient; runId: number; job: Job }> {
  const { service, client } = await serve();
  const { id: datasetId } = await until(async () => (await client.call(listDatasets, {}))[0]);
  const asked = { name: 'fail-when-told', datasetId, config: tinyConfig() };
  const { runId, jobId } = await client.call(createRun, asked);
  const progress = async (): Promise<string | undefined> => (await client.call(getJob, { id: jobId })).progress?.text;
  await until(async () => (await progress()) === 'Training');
  mkdirSync(join(folder, 'told')); // so that what tells the job takes no room
  const makeWay = await obstruct();
  rmSync(join(folder, 'told'), { recursive: true });
  mkdirSync(join(folder, 'fail-now'));
  await until(async () => (await progress()) !== 'Training');
  service.child.kill(signal);
  expect(await service.exit).toBe(signal === 'SIGTERM' ? 0 : null);
  await makeWay();
  const again = (await serve(args)).client;
  const job = await until(async () => {
    const found = await again.call(getJob, { id: jobId });
    return found.state !== 'running' && found;
  });
  return { client: again, runId, job };
}

async function hold(): Promise<() => Promise<void>> {
  const letGo = await holdIndex(folder);
  cleanUp.push(letGo);
  return letGo;
}

const reason = 'The loss became NaN at 16 images.';

async function expectItsReason({ client, runId, job }: Awaited<ReturnType<typeof endWhileItWaits>>): Promise<void> {
  expect(job).toMatchObject({ state: 'failed', error: reason, errorCode: 'not-finite' });
  expect(await client.call(getRun, { id: runId })).toMatchObject({ state: 'failed', error: reason });
  expect((await client.call(runLog, { id: runId })).map(({ text }) => text)).toEqual([reason]);
}

test('how a run ended is known to the next service where the index was locked until its own was killed', async () => {
  await expectItsReason(await endWhileItWaits('SIGKILL', hold));
});

test('a run that had failed is not trained on by the service that takes the place of a dead one', async () => {
  await expectItsReason(await endWhileItWaits('SIGKILL', hold, ['--go-on']));
});

test('a service that was killed when the run had its end and the job had not says it once, and does not undo it', async () => {
  const made = await makeLibrary();
  const { library } = made;
  const runId = makeRun(library, made.datasetId, tinyConfig());
  const id = stored.insertJob(library.db, {
    parameters: { kind: 'train', runId, engine: 'graph' },
    title: 'test',
    runId,
  });
  stored.startJob(library.db, id, null);
  reserveEnd(library, id);
  const log = [{ level: 'error' as const, text: reason }];
  keepEnd(library, id, {
    state: 'failed',
    failure: { code: 'not-finite', message: reason },
    run: 'failed',
    log,
    made: null,
  });
  insertLog(library.db, { runId, nimg: 16, ...log[0]! });
  setRunState(library.db, runId, 'failed', reason);
  await recover(library, pino({ level: 'silent' }), { onChange: () => undefined, goOn: true });
  expect(stored.getJob(library.db, id)).toMatchObject({ state: 'failed', error: reason, errorCode: 'not-finite' });
  expect(getRunSummary(library.db, runId)).toMatchObject({ state: 'failed', error: reason });
  expect(listLog(library.db, runId, 10).map(({ text }) => text)).toEqual([reason]);
  made.remove();
});

describeOnSmallDisks('on a full disk', () => {
  let disk: SmallDisk;
  beforeEach(() => {
    disk = mountSmallDisk();
    cleanUp.push(() => disk.remove());
    folder = join(disk.place, 'library');
  });

  test('how a run ended is known to the next service, too', async () => {
    await expectItsReason(await endWhileItWaits('SIGKILL', () => disk.fill()));
  });

  test('a service that is asked to end does so, and how a run ended is known to the next one', async () => {
    await expectItsReason(await endWhileItWaits('SIGTERM', () => disk.fill()));
  });

  test('a line of the log that can not be written holds nobody up, however grave', () => {
    mkdirSync(join(folder, 'logs'), { recursive: true });
    const log = openLog(folder);
    const makeRoom = disk.fill();
    for (let line = 0; line < 30; line++) log.fatal({ line, padding: 'x'.repeat(1000) }, 'no room');
    makeRoom();
    log.info('room');
    const lines = readFileSync(join(folder, 'logs/service.log'), 'utf8').trim().split('\n');
    expect(lines.map((text) => JSON.parse(text) as object)).toHaveLength(31); // those that had to wait, too
  });
});
