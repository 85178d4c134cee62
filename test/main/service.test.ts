import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Service } from '../../main/service.ts';

const entry = fileURLToPath(new URL('../support/fake-service.ts', import.meta.url));
let folder: string;
let service: Service | null = null;
let events: [string, unknown][] = [];
let connections: boolean[] = [];
let told: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-main-'));
  events = [];
  connections = [];
  told = [];
});

afterEach(() => {
  service?.leave();
  service = null;
  delete process.env.EDM2_TEST_SECRET;
  rmSync(folder, { recursive: true, force: true });
});

function start(mode: string): Service {
  service = new Service({
    program: () => ({ node: process.execPath, entry }),
    args: ['--mode', mode, '--socket', join(folder, 's')],
    errorLog: join(folder, 'service.log'),
    onEvent: (name, payload) => events.push([name, payload]),
    onConnected: (open, why) => {
      connections.push(open);
      if (why !== undefined) told.push(why);
    },
  });
  return service;
}

test('starts the service at the first call and gives back what it answers', async () => {
  expect(await start('normal').call('echo', { a: [1] })).toMatchObject({ ok: true, value: { input: { a: [1] } } });
});

test('hears an event that comes together with the greeting', async () => {
  await start('normal').call('echo', {});
  expect(events).toEqual([['first', { inTheSamePacket: true }]]);
});

test('brings pictures over the same socket', async () => {
  const file = await start('normal').file('/files/samples/1.png');
  expect(file).toMatchObject({ status: 200, contentType: 'image/png' });
  expect(await text(file.body)).toBe('picture of /files/samples/1.png');
});

test('starts the service again when it dies, and says what happened', async () => {
  const running = start('normal');
  const first = await running.call('echo', {});
  expect(await running.call('die', {})).toMatchObject({ ok: false, code: 'unavailable' });
  const second = await running.call('echo', {});
  expect(second).toMatchObject({ ok: true });
  expect(second).not.toEqual(first); // another process answered
  expect(connections).toEqual([true, false, true]);
  const died = `EDM2 Studio's service ended unexpectedly; its log (${join(folder, 'service.log')}) may say why.`;
  expect(told).toEqual([
    died,
    `${died} It was started again, and a run that trained goes on from its last checkpoint.`,
  ]);
});

test('a service that dies again soon after is not started once more, and that is said', async () => {
  const running = start('normal');
  await running.call('die', {});
  expect(await running.call('echo', {})).toMatchObject({ ok: true });
  await running.call('die', {});
  await expect.poll(() => connections).toEqual([true, false, true, false]);
  const end = { ok: false, code: 'unavailable', message: told.at(-1) };
  expect(end.message).toContain('ended unexpectedly once more and is not started again');
  expect(await running.call('echo', {})).toEqual(end);
  expect(connections).toHaveLength(4);
});

test('gives up on a service that never starts, and says what it wrote last', async () => {
  const running = start('refuses');
  const replies = [];
  for (let attempt = 0; attempt < 4; attempt++) replies.push(await running.call('echo', {}));
  expect(replies[0]).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('The disk is full') as string,
  });
  for (const words of ['The disk is full', 'tried twice']) {
    expect(replies[1]).toMatchObject({ code: 'unavailable', message: expect.stringContaining(words) as string });
  }
  expect(replies.slice(2)).toEqual([replies[1], replies[1]]);
  expect(readFileSync(join(folder, 'service.log'), 'utf8').match(/something before/g)).toHaveLength(2);
});

test('a lost index is told as such without another start, until the user wants a new one', async () => {
  const running = start('index-lost');
  const lost = { ok: false, code: 'index-lost', message: 'The index is missing.' };
  for (let attempt = 0; attempt < 8; attempt++) expect(await running.call('echo', {})).toEqual(lost);
  expect(connections).toEqual([]);
  expect(await running.beginNewIndex()).toMatchObject({ ok: true });
  expect(await running.call('echo', {})).toMatchObject({ ok: true });
  expect(connections).toEqual([true]);
});

test('refuses a service that speaks another version of the contract', async () => {
  expect(await start('newer').call('echo', {})).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('Another version') as string,
  });
});

test('refuses a program that is no service', async () => {
  expect(await start('garbage').call('echo', {})).toMatchObject({ ok: false, code: 'unavailable' });
});

test('says so when the service that it was sent to is not there', async () => {
  expect(await start('already').call('echo', {})).toMatchObject({ ok: false, code: 'unavailable' });
});

test('hands the service no variable that is not on the list', async () => {
  process.env.EDM2_TEST_SECRET = 'token';
  const reply = await start('normal').call('environment', {});
  const names = Object.keys(reply.ok ? (reply.value as object) : {});
  expect(names).toContain('PATH');
  expect(names).not.toContain('EDM2_TEST_SECRET');
  expect(
    names.filter((name) => name.startsWith('VITEST') || name.startsWith('npm_') || name === 'NODE_OPTIONS'),
  ).toEqual([]);
});
