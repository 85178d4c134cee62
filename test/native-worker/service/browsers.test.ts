import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openBrowserDoor, type BrowserDoor } from '../../../contract/app.ts';
import { openClient, type ServiceClient } from '../../../native-worker/client/service-client.ts';
import { SESSION_MS, Sessions } from '../../../native-worker/service/security.ts';
import { BROWSERS_NAME } from '../../../native-worker/store/paths.ts';
import { fakeJobsService, killed, ServiceProcesses } from '../../support/service-process.ts';

/** What `edm2 serve` remembers when its service is killed, or ends and is started again another day. */

let place: string;
let library: string;
const processes = new ServiceProcesses();
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'edm2-browsers-'));
  library = join(place, 'library');
});
afterEach(async () => {
  await processes.end();
  rmSync(place, { recursive: true, force: true });
});

/** A service that lets browsers in, in a process of its own. */
async function serve(door: Partial<BrowserDoor> = {}, folder = library) {
  const { child, line } = processes.start(folder, [], fakeJobsService);
  const client = await openClient(String((await line).socket));
  const { url, takenPort } = await client.call(openBrowserDoor, door);
  return { child, client, url: new URL(url), takenPort };
}

/** Lets a browser in. @returns its cookie */
async function letIn(url: URL): Promise<string> {
  const answer = await fetch(url, { redirect: 'manual' });
  expect(answer.status).toBe(303);
  return answer.headers.get('set-cookie')!.split(';')[0]!;
}

const statusWith = async (cookie: string, { origin }: URL): Promise<number> =>
  (await fetch(origin, { headers: { cookie } })).status;

test('a browser that was let in comes in again after the service was killed, at the same port', async () => {
  const first = await serve();
  const cookie = await letIn(first.url);
  await killed(first.child);
  const second = await serve();
  expect(second).toMatchObject({ url: { port: first.url.port }, takenPort: null });
  expect(await statusWith(cookie, second.url)).toBe(200);
  expect((await fetch(first.url, { redirect: 'manual' })).status).toBe(401); // an address works once, whatever lived meanwhile
});

test('what is remembered can be read by nobody else, and lets nobody in who reads it', async () => {
  const { url } = await serve();
  const cookie = await letIn(url);
  const file = join(library, BROWSERS_NAME);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).not.toContain(cookie.split('=')[1]);
});

test('browsers are forgotten on demand', async () => {
  const first = await serve();
  const cookie = await letIn(first.url);
  await killed(first.child);
  const second = await serve({ newSessions: true });
  expect(await statusWith(cookie, second.url)).toBe(401);
  expect(await statusWith(await letIn(second.url), second.url)).toBe(200);
});

test.each([
  [
    'browsers are forgotten',
    async (client: ServiceClient): Promise<void> => {
      await client.call(openBrowserDoor, { newSessions: true });
    },
  ],
  [
    'the last who opened the port has left',
    (client: ServiceClient): Promise<void> => {
      client.close();
      return client.closed;
    },
  ],
])('what a page has open ends when %s', async (_, end) => {
  const { line } = processes.start(library, [], fakeJobsService);
  const client = await openClient(String((await line).socket));
  const url = new URL((await client.call(openBrowserDoor, { whileConnected: true })).url);
  const headers = { cookie: await letIn(url), origin: url.origin };
  const page = new WebSocket(`ws://${url.host}/rpc`, { headers });
  page.on('error', () => undefined);
  await once(page, 'open');
  const closed = once(page, 'close');
  await end(client);
  await closed;
  client.close();
});

test('where another program has the port of last time another is taken and that is told; one that is named is insisted on', async () => {
  const first = await serve();
  await killed(first.child);
  const port = Number(first.url.port);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  const second = await serve();
  expect(second.takenPort).toBe(port);
  expect(Number(second.url.port)).not.toBe(port);
  await killed(second.child);
  await expect(serve({ port })).rejects.toMatchObject({ code: 'port-in-use' });
  other.close();
});

test('a browser that was let into a library is not let into its copy', async () => {
  const first = await serve();
  const cookie = await letIn(first.url);
  await killed(first.child);
  const copy = join(place, 'copy');
  cpSync(library, copy, { recursive: true });
  const { url } = await serve({ port: Number(first.url.port) }, copy);
  expect(await statusWith(cookie, url)).toBe(401);
});

test('a damaged file costs the browsers their sessions and nothing else', async () => {
  const first = await serve();
  await killed(first.child);
  writeFileSync(join(library, BROWSERS_NAME), '{"port": 1');
  const second = await serve();
  expect(await statusWith(await letIn(second.url), second.url)).toBe(200);
});

test('a session is over after thirty days', () => {
  let now = 1e12;
  const sessions = new Sessions(
    [],
    () => undefined,
    () => now,
  );
  const key = sessions.redeem(sessions.issueToken())!;
  now += SESSION_MS - 1;
  expect(sessions.knows(key)).toBe(true);
  now += 1;
  expect(sessions.knows(key)).toBe(false);
});
