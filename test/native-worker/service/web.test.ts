import { createServer, request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { openBrowserDoor } from '../../../contract/app.ts';
import { listJobs } from '../../../contract/jobs.ts';
import { CONTENT_SECURITY_POLICY } from '../../../contract/security.ts';
import { openClient } from '../../../native-worker/client/service-client.ts';
import { startServiceUnderTest, type ServiceUnderTest } from '../../support/service-library.ts';

/** The door for browsers, and those who should not come through it. */

let under: ServiceUnderTest;
let port: number;
let cookie: string;

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Sends exactly this path and these headers; a browser or fetch would tidy them up. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(
      { host: '127.0.0.1', port, path, method, headers: { host: `127.0.0.1:${port}`, ...headers } },
      (response) => {
        let body = '';
        response.on('data', (part: Buffer) => (body += part.toString()));
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
      },
    )
      .on('error', reject)
      .end();
  });
}

async function newToken(): Promise<string> {
  const { url } = await under.client.call(openBrowserDoor, { host: '127.0.0.1' });
  return new URL(url).searchParams.get('token')!;
}

/** Opens a WebSocket as a page would; resolves with the HTTP status that came instead, or 101. */
function knock(headers: Record<string, string>, path = '/rpc'): Promise<{ status: number; socket: WebSocket }> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve({ status: 101, socket }));
    socket.on('unexpected-response', (_, response) => resolve({ status: response.statusCode!, socket }));
    socket.on('error', reject);
  });
}

const own = (): Record<string, string> => ({ cookie, origin: `http://127.0.0.1:${port}` });

beforeAll(async () => {
  under = await startServiceUnderTest();
  const { url } = await under.client.call(openBrowserDoor, { host: '127.0.0.1' });
  port = Number(new URL(url).port);
  const welcome = await get(`/?token=${new URL(url).searchParams.get('token')!}`);
  cookie = welcome.headers['set-cookie']![0]!.split(';')[0]!;
});
afterAll(() => under.end());

test('a token opens a session by a cookie that scripts and other sites do not get, and leaves the address bar', async () => {
  const answer = await get(`/?token=${await newToken()}`);
  expect(answer.status).toBe(303);
  expect(answer.headers.location).toBe('/');
  expect(answer.headers['set-cookie']![0]).toMatch(
    /^edm2_session_\d+=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
  );
});

test('with the session the pages are served, each answer with the policy', async () => {
  for (const path of ['/', '/assets/app.js']) {
    const answer = await get(path, { cookie });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-security-policy']).toBe(CONTENT_SECURITY_POLICY);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  }
  expect((await get('/', { cookie })).body).toContain('EDM2 Studio');
});

test('without a session nothing is served, and refusals carry the policy, too', async () => {
  for (const path of [
    '/',
    '/index.html',
    '/assets/app.js',
    '/files/samples/1.png',
    '/rpc',
    '/?token=',
    '/?token=wrong',
  ]) {
    const answer = await get(path);
    expect(answer.status, path).toBe(401);
    expect(answer.headers['content-security-policy']).toBe(CONTENT_SECURITY_POLICY);
    expect(answer.headers['set-cookie']).toBeUndefined();
  }
  expect((await get('/', { cookie: `edm2_session_${port}=${'A'.repeat(43)}` })).status).toBe(401);
});

test('a token works once', async () => {
  const token = await newToken();
  expect((await get(`/?token=${token}`)).status).toBe(303);
  const again = await get(`/?token=${token}`);
  expect(again.status).toBe(401);
  expect(again.body).toContain('used before');
  expect(again.headers['set-cookie']).toBeUndefined();
});

test('a token is no key on other paths, and a HEAD request does not use it up', async () => {
  const token = await newToken();
  expect((await get(`/index.html?token=${token}`)).status).toBe(401);
  expect((await get(`/?token=${token}`, {}, 'HEAD')).status).toBe(401);
  expect((await get(`/?token=${token}`)).status).toBe(303);
});

test.each([
  'evil.example',
  'evil.example:80',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  'a@127.0.0.1',
  '127.0.0.1:1/x',
  '2130706433',
  '0x7f.1',
  '[::1].evil.example',
  '192.168.1.1.evil.example',
])('a name that was pointed at us (Host: %j) gets nothing, not even with the cookie', async (host) => {
  expect((await get('/', { cookie, host })).status).toBe(403);
  expect((await knock({ cookie, host, origin: `http://${host}` }).catch(() => ({ status: 0 }))).status).not.toBe(101);
});

test('a request without a Host, or with an empty one, gets nothing', async () => {
  for (const host of ['', 'Host:\r\n']) {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () =>
        socket.write(`GET / HTTP/1.1\r\n${host}Cookie: ${cookie}\r\n\r\n`),
      );
      socket.once('data', (data) => {
        resolve(data.toString());
        socket.destroy();
      });
    });
    expect(answer).toMatch(/^HTTP\/1.1 4/);
  }
});

test.each(['203.0.113.7', '203.0.113.7:8080', '192.168.1.1', '[2001:db8::7]:443'])(
  'an address in numbers (Host: %s) can not be re-pointed: it may be translated to ours, so it passes, by cookie and origin as ever',
  async (host) => {
    expect((await get('/', { cookie, host })).status).toBe(200);
    expect((await get('/', { host })).status).toBe(401);
    const { status, socket } = await knock({ cookie, host, origin: `http://${host}` });
    expect(status).toBe(101);
    socket.close();
    expect((await knock({ cookie, host, origin: `http://127.0.0.1:${port}` })).status).toBe(403);
  },
);

test('a refused name is told how it may pass, and then it does, as a WebSocket, too', async () => {
  const host = `gpu-box.example:${port}`;
  const refused = await get('/', { cookie, host });
  expect(refused.status).toBe(403);
  expect(refused.body).toContain('--allow-host gpu-box.example;');
  await under.client.call(openBrowserDoor, { names: ['gpu-box.example'] });
  expect((await get('/', { cookie, host })).status).toBe(200);
  const { status, socket } = await knock({ cookie, host, origin: `http://${host}` });
  expect(status).toBe(101);
  socket.close();
  expect((await get('/', { cookie, host: 'evil.example' })).status).toBe(403);
});

test('localhost, whatever the port behind an SSH tunnel, is us', async () => {
  for (const host of ['localhost:9999', 'LOCALHOST', '[::1]:80', '127.0.0.1']) {
    expect((await get('/', { cookie, host })).status, host).toBe(200);
  }
});

test.each([
  'http://evil.example',
  'https://127.0.0.1:PORT',
  'http://localhost:PORT',
  'http://127.0.0.1:1',
  'null',
  'file://',
  'http://127.0.0.1:PORT.evil.example',
])('a page of another origin (%s) can not connect, not even with the cookie', async (pattern) => {
  const origin = pattern.replace('PORT', String(port));
  expect((await knock({ cookie, origin })).status).toBe(403);
  expect((await get('/files/samples/1.png', { cookie, origin })).status).toBe(403);
});

test('another site can not embed our pictures: the browser says where a request comes from', async () => {
  for (const site of ['cross-site', 'same-site']) {
    const headers = { cookie, 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' };
    expect((await get('/files/samples/1.png', headers)).status).toBe(403);
  }
  expect((await get('/', { cookie, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).status).toBe(200);
});

test('a WebSocket needs cookie and origin both', async () => {
  expect((await knock({ origin: `http://127.0.0.1:${port}` })).status).toBe(401);
  expect((await knock({ cookie })).status).toBe(403);
  expect((await knock(own(), '/other')).status).toBe(404);
  const { status, socket } = await knock(own());
  expect(status).toBe(101);
  socket.close();
});

test('over TCP a call for this machine alone is refused', async () => {
  const { socket } = await knock(own());
  const replies: string[] = [];
  socket.on('message', (data: Buffer) => replies.push(data.toString()));
  for (const [id, call] of ['app.shutdown', 'folders.grant', 'app.openBrowserDoor'].entries()) {
    socket.send(JSON.stringify({ id, call, input: { path: '/' } }));
  }
  await expect.poll(() => replies.filter((text) => text.includes('"forbidden"')).length).toBe(3);
  socket.close();
  expect(await under.client.call(listJobs, {})).toEqual([]); // it still lives
});

test.each([
  ['no JSON', '{'],
  ['no message', '{"id":-1,"call":"runs.list"}'],
  ['a list', '[]'],
  ['bytes', Buffer.from('{"id":1,"call":"runs.list","input":{}}')],
])('a connection that sends %s is closed', async (_, message) => {
  const { socket } = await knock(own());
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.send(message);
  expect(await closed).toBe(1008);
});

test('a message of over a MiB closes the connection before it is read', async () => {
  const { socket } = await knock(own());
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('error', () => undefined);
  socket.send(JSON.stringify({ id: 1, call: 'runs.list', input: { x: 'x'.repeat(2 ** 20) } }));
  expect(await closed).toBe(1009);
});

test.each([
  '/../package.json',
  '/assets/../../secret.txt',
  '/%2e%2e/secret.txt',
  '/assets/%2e%2e%2f%2e%2e%2fsecret.txt',
  '/assets%2fapp.js',
  '//etc/hosts',
  '/assets//app.js',
  '/assets/./app.js',
  '/assets/app.js%00.png',
  '/%ff',
  '/assets',
  '/assets/',
  '/assets\\app.js',
  '/assets/%5c..%5capp.js',
  '/app.exe',
])('the path %s leads nowhere', async (path) => {
  expect((await get(path, { cookie })).status).toBe(404);
});

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is not answered', async (method) => {
  expect((await get('/', { cookie }, method)).status).toBe(405);
});

test('half a request does not hold up the others', async () => {
  const lazy = connect(port, '127.0.0.1');
  lazy.on('error', () => undefined);
  lazy.write('GET / HTTP/1.1\r\nHost:');
  expect((await get('/', { cookie })).status).toBe(200);
  lazy.destroy();
});

test('a port that is taken is named, with what to do, and an address that is not ours as well', async () => {
  const other = await startServiceUnderTest();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port: number } = taken.address() as { port: number };
  await expect(other.client.call(openBrowserDoor, { port: number })).rejects.toMatchObject({
    code: 'port-in-use',
    message: expect.stringContaining('--port') as string,
  });
  await expect(other.client.call(openBrowserDoor, { host: '203.0.113.7' })).rejects.toMatchObject({
    code: 'invalid-input',
  });
  expect((await other.client.call(openBrowserDoor, {})).url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=/); // and it can be tried again
  taken.close();
  await other.end();
});

test('the door closes when the last who opened it has left, and never opens wider than was asked', async () => {
  const other = await startServiceUnderTest();
  const [early, late] = [await openClient(other.service.socket), await openClient(other.service.socket)];
  const first = await early.call(openBrowserDoor, { host: '127.0.0.1', whileConnected: true });
  expect(first.warning).toBeNull();
  await late.call(openBrowserDoor, { whileConnected: true });
  await expect(other.client.call(openBrowserDoor, { host: '0.0.0.0' })).rejects.toMatchObject({ code: 'conflict' });
  const reaches = (): Promise<boolean> =>
    fetch(new URL('/', first.url)).then(
      () => true,
      () => false,
    );
  early.close();
  await early.closed;
  expect(await reaches()).toBe(true);
  late.close();
  await expect.poll(reaches).toBe(false);
  const open = await other.client.call(openBrowserDoor, { host: '0.0.0.0' });
  expect(open.warning).toContain('SSH tunnel');
  expect(open.url).not.toContain('0.0.0.0');
  await other.end();
});
