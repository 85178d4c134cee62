import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listDatasets } from '../../../contract/datasets.ts';
import { getJob } from '../../../contract/jobs.ts';
import { createRun, getRun, listRuns, type Run } from '../../../contract/runs.ts';
import { openClient, type ServiceClient } from '../../../native-worker/client/service-client.ts';
import { connectToService } from '../../../native-worker/service/connect.ts';
import { readAddress } from '../../../native-worker/service/ownership.ts';
import { runningJobs } from '../../../native-worker/store/jobs.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { OPEN_MARKER } from '../../../native-worker/store/paths.ts';
import { fakeJobsService, killed, ServiceProcesses, type Started } from '../../support/service-process.ts';
import { until } from '../../support/service-library.ts';
import { tinyConfig } from '../../support/training-library.ts';

/** Which library a service, a job and a lock belong to, when folders are copied, moved, removed and made anew. */

let place: string;
let a: string;
let b: string;
const processes = new ServiceProcesses();
const clients: ServiceClient[] = [];
/** Services that a connection has started, or found. */
const detached: number[] = [];
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'edm2-identity-'));
  [a, b] = [join(place, 'a'), join(place, 'b')];
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const pid of detached.splice(0)) if (lives(pid)) process.kill(pid, 'SIGKILL');
  await processes.end();
  rmSync(place, { recursive: true, force: true });
});

/** A service with fake jobs in a process of its own, and a connection to it. */
async function serve(folder: string): Promise<Started & { client: ServiceClient }> {
  const started = processes.start(folder, [], fakeJobsService);
  const client = await openClient(String((await started.line).socket));
  clients.push(client);
  return { ...started, client };
}

/** As a command does it. */
async function connected(folder: string): Promise<ServiceClient> {
  const client = await connectToService(folder, { script: fakeJobsService });
  clients.push(client);
  detached.push(client.pid);
  return client;
}

/** Begins a run whose job works until it is asked to end. @returns its ids and the job's process */
async function train(client: ServiceClient, folder: string): Promise<{ runId: number; pid: number }> {
  const demo = await until(async () => (await client.call(listDatasets, {}))[0]);
  const config = tinyConfig();
  const { runId, jobId } = await client.call(createRun, { name: 'work', datasetId: demo.id, config });
  await until(async () => (await client.call(getJob, { id: jobId })).progress !== null);
  const library = openLibrary(folder);
  const pid = runningJobs(library.db)[0]!.pid!;
  library.close();
  return { runId, pid };
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false; // it has gone
  }
}

const settled = (client: ServiceClient, id: number): Promise<Run> =>
  until(async () => {
    const run = await client.call(getRun, { id });
    return run.state !== 'running' && run;
  });

test('a copy with the original’s lock file gets a service of its own', async () => {
  const first = await serve(a);
  cpSync(a, b, { recursive: true });
  expect(readAddress(b)?.pid).toBe(first.child.pid); // it was copied with the folder
  const ofCopy = await connected(b);
  expect(ofCopy.pid).not.toBe(first.child.pid);
  expect(ofCopy.hello.library).toMatchObject({ id: first.client.hello.library!.id, path: b });
  expect((await connected(a)).pid).toBe(first.child.pid);
});

test('what trains in the original is settled at once in a copy, and trains on in the original', async () => {
  const original = await serve(a);
  const { runId, pid } = await train(original.client, a);
  cpSync(a, b, { recursive: true, filter: (path) => !basename(path).startsWith('service.') });
  const copy = await serve(b);
  expect(await settled(copy.client, runId)).toMatchObject({ state: 'failed' }); // it had no checkpoint yet
  expect(lives(pid)).toBe(true);
  expect((await original.client.call(getRun, { id: runId })).state).toBe('running');
});

test('a job of an earlier service that does not end is killed in its own library, not in a copy', async () => {
  const { recover } = await import('../../../native-worker/service/recovery.ts');
  const { pino } = await import('pino');
  const original = await serve(a);
  const { pid } = await train(original.client, a);
  process.kill(pid, 'SIGSTOP'); // stuck
  await killed(original.child);
  cpSync(a, b, { recursive: true });
  for (const [folder, left] of [
    [b, true],
    [a, false],
  ] as const) {
    const library = openLibrary(folder, { migrate: true });
    await recover(library, pino({ level: 'silent' }), { onChange: () => undefined, patienceMs: 300 });
    library.close();
    await until(() => lives(pid) === left);
  }
});

test('a library that is removed and made anew within seconds stays within reach', async () => {
  const old = await serve(a);
  rmSync(a, { recursive: true });
  const fresh = await serve(a);
  expect(await old.exit).toBe(0); // it has seen that nothing is left to serve
  expect(readAddress(a)?.pid).toBe(fresh.child.pid);
  expect(existsSync(join(a, OPEN_MARKER))).toBe(true);
  expect((await connected(a)).pid).toBe(fresh.child.pid);
  expect(fresh.client.hello.library!.id).not.toBe(old.client.hello.library!.id);
});

test('an old service that ends in a folder that was made anew takes nothing away from the new one', async () => {
  const old = await serve(a);
  process.kill(old.child.pid!, 'SIGSTOP'); // it notices nothing until it ends
  rmSync(a, { recursive: true });
  const fresh = await serve(a);
  const { runId } = await train(fresh.client, a);
  old.child.kill('SIGTERM');
  process.kill(old.child.pid!, 'SIGCONT');
  expect(await old.exit).toBe(0); // in order, not by the signal
  expect((await connected(a)).pid).toBe(fresh.child.pid);
  expect((await fresh.client.call(getRun, { id: runId })).state).toBe('running');
  expect(existsSync(join(a, OPEN_MARKER))).toBe(true);
});

test('the job of a library that was removed ends, with its service or without', async () => {
  const service = await serve(a);
  const { pid } = await train(service.client, a);
  await killed(service.child);
  const again = await serve(b);
  const other = await train(again.client, b);
  rmSync(a, { recursive: true });
  rmSync(b, { recursive: true });
  await until(() => !lives(pid) && !lives(other.pid));
  expect(await again.exit).toBe(0);
});

test('a library that is moved while it trains opens as itself in its new place', async () => {
  const before = await serve(a);
  const { runId, pid } = await train(before.client, a);
  const { id } = before.client.hello.library!;
  renameSync(a, b);
  await before.exit;
  await until(() => !lives(pid));
  const after = await connected(b);
  expect(after.hello.library).toMatchObject({ id, path: b });
  expect((await settled(after, runId)).name).toBe('work');
  expect(existsSync(a)).toBe(false); // nothing was written where it had been
});

test('a library that was renamed or copied between two services is the same to both', async () => {
  const first = await serve(a);
  const { id } = first.client.hello.library!;
  first.child.kill('SIGTERM');
  await first.exit;
  renameSync(a, b);
  const renamed = await serve(b);
  expect(renamed.client.hello.library!.id).toBe(id);
  expect(await renamed.client.call(listRuns, {})).toEqual([]);
});

test('the socket of a killed service is removed by the next one, and no other', async () => {
  const [first, other] = [await serve(a), await serve(b)];
  const socket = String((await first.line).socket);
  await killed(first.child);
  expect(existsSync(socket)).toBe(true);
  const second = await serve(a);
  await until(() => !existsSync(socket));
  expect(existsSync(String((await second.line).socket))).toBe(true);
  expect(existsSync(String((await other.line).socket))).toBe(true);
  expect(dirname(socket)).toBe(dirname(String((await second.line).socket)));
});
