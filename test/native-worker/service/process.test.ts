import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shutdown } from '../../../contract/app.ts';
import { deleteDataset, importDataset, listDatasets } from '../../../contract/datasets.ts';
import { grantFolder } from '../../../contract/folders.ts';
import { createRun, getRun, listRuns, runLog } from '../../../contract/runs.ts';
import { getJob } from '../../../contract/jobs.ts';
import { openClient } from '../../../native-worker/client/service-client.ts';
import { awaitLiving, connectToService } from '../../../native-worker/service/connect.ts';
import { readAddress, takeLibrary } from '../../../native-worker/service/ownership.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { databasePath } from '../../../native-worker/store/paths.ts';
import { fakeJobsService, ServiceProcesses, type Started } from '../../support/service-process.ts';
import { until } from '../../support/service-library.ts';
import { tinyConfig } from '../../support/training-library.ts';

/** The service as a process of its own, as it is started for real. */

let folder: string;
const processes = new ServiceProcesses();
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-process-'));
});
afterEach(async () => {
  await processes.end();
  rmSync(folder, { recursive: true, force: true });
});

const start = (args: string[] = [], script?: string): Started => processes.start(folder, args, script);

test('it prints one line when it can be spoken to, adds the demo set, and ends with all in one file', async () => {
  const { child, line, exit } = start();
  expect(await line).toMatchObject({ ready: true, pid: child.pid, url: null });
  const client = await openClient(String((await line).socket));
  await until(async () => (await client.call(listDatasets, {})).length === 1);
  child.kill('SIGTERM');
  expect(await exit).toBe(0);
  await client.closed;
  expect(existsSync(`${databasePath(folder)}-wal`)).toBe(false);
  expect(readAddress(folder)).toBeNull();
});

test('what it compiled is kept in the cache for the next start, and a cache that is a file costs nothing but time', async () => {
  const cache = join(folder, 'cache');
  const library = join(folder, 'library');
  for (const variables of [{ EDM2_CACHE: cache }, { EDM2_CACHE: join(folder, 'library/library.sqlite') }]) {
    const { child, line, exit } = processes.start(library, [], undefined, variables);
    expect(await line).toMatchObject({ ready: true });
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
  }
  expect(readdirSync(join(cache, 'code')).length).toBeGreaterThan(0);
});

test('who deleted the demo set does not get it back', async () => {
  const { line, child, exit } = start();
  const client = await openClient(String((await line).socket));
  const demo = await until(async () => (await client.call(listDatasets, {}))[0]);
  await client.call(deleteDataset, { id: demo.id });
  child.kill('SIGTERM');
  await exit;
  const again = await openClient(String((await start().line).socket));
  // Jobs begin after what a start adds, even one that can only fail: the folder holds no pictures.
  const { id } = await again.call(grantFolder, { path: mkdtempSync(join(folder, 'empty-')) });
  const options = { name: 'none', resolution: 8 } as const;
  const { jobId } = await again.call(importDataset, { folder: id, options });
  await until(async () => (await again.call(getJob, { id: jobId })).state === 'failed');
  expect(await again.call(listDatasets, {})).toEqual([]);
});

test('a second one prints the first one’s line and leaves', async () => {
  const first = await start().line;
  const second = start();
  expect(await second.line).toMatchObject({ ready: true, already: true, pid: first.pid, socket: first.socket });
  expect(await second.exit).toBe(0);
});

test('of five started at once exactly one wins, and the others point to it', async () => {
  const lines = await Promise.all(Array.from({ length: 5 }, () => start().line));
  const winners = lines.filter((line) => line.already === undefined);
  expect(winners).toHaveLength(1);
  for (const line of lines) expect(line).toMatchObject({ ready: true, pid: winners[0]!.pid });
});

test('a service that was killed leaves no lock that holds up the next one', async () => {
  const first = start();
  await first.line;
  first.child.kill('SIGKILL');
  await first.exit;
  expect(readAddress(folder)?.pid).toBe(first.child.pid); // its file is still there
  const second = start();
  expect(await second.line).toMatchObject({ ready: true, pid: second.child.pid });
});

test('a library that somebody holds without answering is in use', async () => {
  const ownership = takeLibrary(folder)!;
  expect(takeLibrary(folder)).toBeNull();
  await expect(awaitLiving(folder, 300)).rejects.toMatchObject({ code: 'library-in-use' });
  ownership.release();
});

test('a frozen service is in use, too: it is not robbed of its library', async () => {
  const { child, line } = start();
  await line;
  child.kill('SIGSTOP');
  await expect(awaitLiving(folder, 300)).rejects.toMatchObject({ code: 'library-in-use' });
  child.kill('SIGCONT');
});

test('a newer library is refused with a sentence and an exit code', async () => {
  openLibrary(folder, { migrate: true }).close();
  const db = new Database(databasePath(folder));
  db.pragma('user_version = 999');
  db.close();
  const { line, exit } = start();
  expect(await line).toMatchObject({
    ready: false,
    code: 'newer-library',
    message: expect.stringContaining('Update') as string,
  });
  expect(await exit).toBe(1);
});

test.each([
  [['--port', '70000', '--serve'], 'invalid-input'],
  [['--unheard-of'], 'invalid-input'],
  [['--library', '/dev/null/library'], 'forbidden'],
  [['--library', ''], 'invalid-input'],
])('%j is refused with %s', async (args, code) => {
  const { line, exit } = start(args);
  expect(await line).toMatchObject({ ready: false, code });
  expect(await exit).toBe(1);
});

test('a port in use is named, and no service stays behind', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as { port: number };
  const { line, exit } = start(['--serve', '--port', String(port)]);
  expect(await line).toMatchObject({
    ready: false,
    code: 'port-in-use',
    message: expect.stringContaining(String(port)) as string,
  });
  expect(await exit).toBe(1);
  expect(takeLibrary(folder)).not.toBeNull();
  taken.close();
});

test('connecting starts a service where none lives, and it goes when its last client has', async () => {
  const client = await connectToService(folder);
  expect((await connectToService(folder)).pid).toBe(client.pid);
  expect(await client.call(listRuns, {})).toEqual([]);
  await client.call(shutdown, {});
  await client.closed;
  await until(() => readAddress(folder) === null);
});

test('a service that may end ends ten seconds after the last client', async () => {
  const { line, exit } = start(['--exit-when-idle']);
  const client = await openClient(String((await line).socket));
  client.close();
  const began = Date.now();
  expect(await exit).toBe(0);
  expect(Date.now() - began).toBeGreaterThan(9000);
});

test('a killed service: its job pauses by itself, and the next service finds the run resumable', async () => {
  const first = start([], fakeJobsService);
  const client = await openClient(String((await first.line).socket));
  const demo = await until(async () => (await client.call(listDatasets, {}))[0]);
  const input = { name: 'work', datasetId: demo.id, config: tinyConfig() };
  const { runId, jobId } = await client.call(createRun, input);
  await until(async () => (await client.call(getJob, { id: jobId })).progress !== null);
  first.child.kill('SIGKILL');
  await first.exit;
  const again = await openClient(String((await start([], fakeJobsService).line).socket));
  const run = await until(async () => {
    const found = await again.call(getRun, { id: runId });
    return found.state !== 'running' && found;
  });
  expect(run).toMatchObject({ state: 'paused', nimg: 320 }); // the checkpoint that the orphan wrote
  expect(await again.call(getJob, { id: jobId })).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('320 images') as string,
  });
  expect((await again.call(runLog, { id: runId })).at(-1)).toMatchObject({ level: 'warn' });
});

test('what is wrong is in the log file, as JSON lines', async () => {
  const { line, child, exit } = start();
  await line;
  child.kill('SIGTERM');
  await exit;
  const lines = readFileSync(join(folder, 'logs/service.log'), 'utf8').trim().split('\n');
  expect(lines.map((text) => (JSON.parse(text) as { msg: string }).msg)).toEqual([
    'the service starts',
    'the service ends',
  ]);
});
