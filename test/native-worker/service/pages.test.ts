import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SECURITY_HEADERS } from '../../../contract/security.ts';
import { codingFor } from '../../../native-worker/service/content-coding.ts';
import { pagesIn } from '../../../native-worker/service/pages.ts';

const script = 'export const words = "the same again and again";\n'.repeat(1000);
const picture = Buffer.from('89504e470d0a1a0a', 'hex');

let folder: string;
let server: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-pages-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>EDM2 Studio</title>');
  writeFileSync(join(folder, 'assets', 'app.js'), script);
  writeFileSync(join(folder, 'assets', 'app.js.br'), brotliCompressSync(script));
  writeFileSync(join(folder, 'assets', 'app.js.gz'), gzipSync(script));
  writeFileSync(join(folder, 'assets', 'icon.png'), picture);
  const send = pagesIn(folder);
  server = createServer((asked, response) => void send(asked, response, asked.url!));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(parts) }),
      );
    })
      .on('error', reject)
      .end();
  });
}

test.each([
  ['br', 'gzip, deflate, br, zstd', brotliDecompressSync],
  ['gzip', 'gzip, deflate', gunzipSync],
] as const)(
  'a script is sent as the build packed it with %s to who takes that, with all headers',
  async (coding, accept, unpack) => {
    for (const time of ['first', 'second']) {
      const answer = await get('/assets/app.js', { 'accept-encoding': accept });
      expect(answer.headers, time).toMatchObject({
        ...SECURITY_HEADERS,
        'content-encoding': coding,
        'content-type': 'text/javascript; charset=utf-8',
        'content-length': String(answer.body.length),
        'cache-control': 'private, max-age=31536000, immutable',
        vary: 'Accept-Encoding',
      });
      expect(answer.body.length).toBeLessThan(script.length / 3);
      expect(unpack(answer.body).toString()).toBe(script);
    }
  },
);

test('who takes nothing packed gets the plain script, under a tag of its own', async () => {
  const plain = await get('/assets/app.js');
  expect(plain.headers['content-encoding']).toBeUndefined();
  expect(plain.headers.vary).toBe('Accept-Encoding');
  expect(plain.body.toString()).toBe(script);
  const packed = await get('/assets/app.js', { 'accept-encoding': 'br' });
  expect(packed.headers.etag).not.toBe(plain.headers.etag);
});

test('what the build did not pack goes as it is, and packed files have no address of their own', async () => {
  const { headers, body } = await get('/', { 'accept-encoding': 'br, gzip' });
  expect(headers['content-encoding']).toBeUndefined();
  expect(headers.vary).toBe('Accept-Encoding');
  expect(body.toString()).toContain('<title>EDM2 Studio</title>');
  expect((await get('/assets/app.js.br')).status).toBe(404);
});

test('pictures go as they are, whoever asks', async () => {
  const { headers, body } = await get('/assets/icon.png', { 'accept-encoding': 'br, gzip' });
  expect(headers['content-encoding']).toBeUndefined();
  expect(headers.vary).toBeUndefined();
  expect(body.equals(picture)).toBe(true);
});

test('who has the page gets none, until it is another page', async () => {
  const accept = { 'accept-encoding': 'gzip' };
  const first = await get('/', accept);
  const same = await get('/', { ...accept, 'if-none-match': `"other", W/${first.headers.etag!}` });
  expect(same.status).toBe(304);
  expect(same.body.length).toBe(0);
  expect(same.headers).toMatchObject({ ...SECURITY_HEADERS, etag: first.headers.etag, vary: 'Accept-Encoding' });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>A newer one</title>');
  const newer = await get('/', { ...accept, 'if-none-match': first.headers.etag! });
  expect(newer.status).toBe(200);
  expect(newer.body.toString()).toContain('A newer one');
});

test('HEAD tells the same without the script', async () => {
  const accept = { 'accept-encoding': 'br' };
  const [head, whole] = [await get('/assets/app.js', accept, 'HEAD'), await get('/assets/app.js', accept)];
  expect(head.body.length).toBe(0);
  expect({ ...head.headers, date: '' }).toEqual({ ...whole.headers, date: '' });
});

test('what is not there is said', async () => {
  expect((await get('/assets/none.js', { 'accept-encoding': 'br' })).status).toBe(404);
});

test.each([
  [undefined, null],
  ['', null],
  ['identity', null],
  ['br;q=0, gzip', 'gzip'],
  ['br;q=0.000,gzip;q=0', null],
  ['gzip;q=0.5, br;q=0.1', 'br'],
  ['BR', 'br'],
  ['*', 'br'],
  ['*;q=0', null],
  ['br;q=0, *', 'gzip'],
  ['zstd', null],
  ['brotli', null],
  ['gzip;q=nonsense', null],
])('Accept-Encoding %j means %j', (header, coding) => {
  expect(codingFor(header)).toBe(coding);
});
