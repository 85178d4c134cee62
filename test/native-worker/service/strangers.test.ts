import { connect, type Socket } from 'node:net';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { appInfo } from '../../../contract/app.ts';
import { listRuns } from '../../../contract/runs.ts';
import type { Answer } from '../../../native-worker/service/handle.ts';
import { Events } from '../../../native-worker/service/events.ts';
import { openClient, type ServiceClient } from '../../../native-worker/client/service-client.ts';
import { Connections, makeServer, MAX_CALLS_AT_ONCE } from '../../../native-worker/service/server.ts';
import { startServiceProcess, type TestService } from '../../support/service.ts';
import { startServiceUnderTest } from '../../support/service-library.ts';
import { pino } from 'pino';
import { WebSocket } from 'ws';

/** What comes over a socket, whoever sends it, ends nothing but its own connection. The service is a real process here. */

let folder: string;
let service: TestService;
let client: ServiceClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-strangers-'));
  service = await startServiceProcess(join(folder, 'library'), ['--serve']);
  client = await openClient(service.socket);
});
afterAll(async () => {
  client.close();
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
});

const port = (): number => Number(new URL(service.url!).port);

/** Both doors: the port for browsers and the socket for programs of this user. */
const doors: readonly (() => Socket)[] = [() => connect(port(), '127.0.0.1'), () => connect(service.socket)];

/** How a stranger goes away again. */
type Leaving = 'waits' | 'half-closes' | 'breaks off';

/** Sends bytes and waits until the connection is over, or has been silent for a moment. */
function send(door: () => Socket, bytes: string | Buffer, leaving: Leaving): Promise<void> {
  return new Promise((resolve) => {
    const socket = door();
    const end = (): void => {
      socket.destroy();
      resolve();
    };
    socket.on('error', end).on('close', end).resume();
    socket.on('connect', () => {
      socket.write(bytes, () => {
        if (leaving === 'breaks off') socket.destroy();
        else if (leaving === 'half-closes') socket.end();
        socket.setTimeout(50, end);
      });
    });
  });
}

const upgrade = (line: string, more = ''): string =>
  `${line}\r\nHost: 127.0.0.1:${port()}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${more}\r\n`;

/** It lives, and is the one that we started. */
async function expectLiving(): Promise<void> {
  expect(await client.call(listRuns, {})).toEqual([]);
  expect(client.pid).toBe(service.pid);
}

const websocket = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';

test.each([
  'GET // HTTP/1.1',
  'GET //rpc HTTP/1.1',
  'GET http:// HTTP/1.1',
  'GET http://[ HTTP/1.1',
  'GET * HTTP/1.1',
  'GET /%E0%A4%A/rpc HTTP/1.1',
  'GET /?token=%E0%A4%A HTTP/1.1',
  'GET ?token=x HTTP/1.1',
  'OPTIONS * HTTP/1.1',
  'CONNECT [ HTTP/1.1',
  'GET /rpc HTTP/1.0',
])('a request "%s" without a session does not end the service', async (line) => {
  for (const door of doors) {
    for (const leaving of ['waits', 'half-closes', 'breaks off'] as const) {
      await send(door, upgrade(line), leaving);
      await send(door, upgrade(line, websocket), leaving);
      await send(door, `${line}\r\nHost: localhost\r\n\r\n`, leaving);
    }
  }
  await expectLiving();
});

test('no bytes at all that a stranger may send end the service', async () => {
  const target = fc.oneof(
    fc.constantFrom('/', '//', '/rpc', '/rpc?', '/files/samples/1.png', '*', 'http://', 'ws://x', '/\\', '/?token='),
    fc.string({ maxLength: 40 }).map((text) => text.replaceAll(/[\s\0]/g, '_')),
    fc.webUrl(),
  );
  const header = fc
    .tuple(
      fc.constantFrom(
        'Host',
        'Origin',
        'Cookie',
        'Upgrade',
        'Connection',
        'Sec-WebSocket-Key',
        'Sec-WebSocket-Version',
        'Sec-WebSocket-Extensions',
        'Sec-WebSocket-Protocol',
        'Content-Length',
        'Transfer-Encoding',
        'If-None-Match',
        'Range',
        'Expect',
        'Sec-Fetch-Site',
      ),
      fc.oneof(
        fc.constantFrom('websocket', 'Upgrade', '13', '', 'http://', '-1', 'chunked', '100-continue'),
        fc.string({ maxLength: 30 }),
      ),
    )
    .map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, ' ')}\r\n`);
  const request = fc
    .tuple(
      fc.constantFrom('GET', 'HEAD', 'POST', 'CONNECT', 'OPTIONS', 'PRI'),
      target,
      fc.array(header, { maxLength: 8 }),
      fc.boolean(),
      fc.string({ maxLength: 60 }),
    )
    .map(([method, path, headers, upgrades, rest]) => {
      const fixed = upgrades
        ? `Host: 127.0.0.1:${port()}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${websocket}`
        : '';
      return Buffer.from(`${method} ${path} HTTP/1.1\r\n${fixed}${headers.join('')}\r\n${rest}`, 'latin1');
    });
  const anything = fc.oneof(
    { weight: 4, arbitrary: request },
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...doors),
      anything,
      fc.constantFrom<Leaving>('waits', 'half-closes', 'breaks off'),
      send,
    ),
    { numRuns: 300 },
  );
  await expectLiving();
}, 120_000);

test('frames of a WebSocket that are none, and messages that are none, end their own connection alone', async () => {
  const opening = upgrade('GET /rpc HTTP/1.1', websocket);
  const frame = fc.uint8Array({ minLength: 1, maxLength: 120 }).map((bytes) => Buffer.from(bytes));
  const text = fc.string({ maxLength: 80 }).map((words) => {
    const payload = Buffer.from(words);
    return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]); // masked with zeros
  });
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        frame,
        text.filter((bytes) => bytes.length < 126),
      ),
      fc.constantFrom<Leaving>('waits', 'half-closes', 'breaks off'),
      (bytes, leaving) => send(doors[1]!, Buffer.concat([Buffer.from(opening), bytes]), leaving),
    ),
    { numRuns: 100 },
  );
  await expectLiving();
}, 120_000);

/** A server of this process that answers as it is told. */
async function serve(name: string, answer: Answer): Promise<{ path: string; close: () => void }> {
  const server = makeServer({
    version: '1',
    library: () => ({ id: '1', path: folder, device: '0', inode: '0' }),
    admit: () => ({ admitted: true, audience: 'page' }),
    answer,
    events: new Events(),
    serveFile: () => Promise.resolve(),
    connections: new Connections(),
    log: pino({ enabled: false }),
  });
  const path = join(folder, name);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { path, close: () => server.close() };
}
const anyCall = {
  name: 'any',
  input: listRuns.input,
  output: listRuns.input,
  audience: 'page',
  timeoutMs: 60_000,
} as const;

test('a connection has only so many calls at work, and all are answered in the end', async () => {
  let atWork = 0;
  let most = 0;
  const { path, close } = await serve('calls.sock', async (_name, input) => {
    most = Math.max(most, ++atWork);
    await new Promise((resolve) => setTimeout(resolve, 5));
    atWork -= 1;
    return { ok: true, value: input };
  });
  const asker = await openClient(path);
  const answers = await Promise.all(
    Array.from({ length: 2000 }, (_, id) => asker.call(anyCall, { trashed: id % 2 === 0 })),
  );
  expect(answers.map(({ trashed }) => trashed)).toEqual(Array.from({ length: 2000 }, (_, id) => id % 2 === 0));
  expect(most).toBe(MAX_CALLS_AT_ONCE);
  asker.close();
  close();
});

test('who asks for much at once does not keep others waiting for all of it', async () => {
  const begun: string[] = [];
  const { path, close } = await serve('turns.sock', (name, input) => {
    begun.push(name);
    if (name === 'long') for (const until = performance.now() + 5; performance.now() < until;);
    return Promise.resolve({ ok: true, value: input });
  });
  const [asker, other] = [await openClient(path), await openClient(path)];
  const many = Array.from({ length: 40 }, () => asker.call({ ...anyCall, name: 'long' }, {}));
  await other.call({ ...anyCall, name: 'short' }, {});
  expect(begun.indexOf('short')).toBeLessThan(5);
  await Promise.all(many);
  asker.close();
  other.close();
  close();
});

test('app.info, asked a thousand times over one connection, starts nvidia-smi a handful of times', async () => {
  const smi = mkdtempSync(join(tmpdir(), 'edm2-smi-'));
  writeFileSync(
    join(smi, 'nvidia-smi'),
    `#!/bin/sh\necho "$$" >> ${smi}/starts\ncase "$*" in *compute_cap*) echo "0, 9.0" ;; *-lms*) exec sleep 60 ;; *) echo "0, NVIDIA H100, 560.35.03, 81559, 0, 0, 29, 70" ;; esac\n`,
  );
  chmodSync(join(smi, 'nvidia-smi'), 0o755);
  vi.stubEnv('PATH', `${smi}:${process.env.PATH ?? ''}`);
  vi.stubEnv('EDM2_RUNTIME', '');
  const under = await startServiceUnderTest();
  try {
    const infos = await Promise.all(Array.from({ length: 1000 }, () => under.client.call(appInfo, {})));
    expect(new Set(infos.map(({ trainingMemory }) => trainingMemory.device))).toEqual(new Set(['NVIDIA H100']));
    // Three questions for the calls, three and a stream for the watch that shows how busy cards are.
    expect(readFileSync(join(smi, 'starts'), 'utf8').trim().split('\n').length).toBeLessThanOrEqual(7);
  } finally {
    await under.end();
    vi.unstubAllEnvs();
    rmSync(smi, { recursive: true, force: true });
  }
});

test('a connection on which nothing happens hears all the same that the service lives', async () => {
  const server = makeServer({
    version: '1',
    library: () => null,
    admit: () => ({ admitted: true, audience: 'page' }),
    answer: () => Promise.resolve({ ok: true, value: null }),
    events: new Events(),
    serveFile: () => Promise.resolve(),
    connections: new Connections(),
    log: pino({ enabled: false }),
    aliveMs: 20,
  });
  const path = join(folder, 'alive.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const socket = new WebSocket(`ws+unix://${path}:/rpc`);
  const words: string[] = [];
  await new Promise<void>((resolve) =>
    socket.on('message', (data: Buffer) => {
      words.push((JSON.parse(data.toString('utf8')) as { kind: string }).kind);
      if (words.length === 3) resolve();
    }),
  );
  expect(words).toEqual(['hello', 'alive', 'alive']);
  socket.close();
  server.close();
});
