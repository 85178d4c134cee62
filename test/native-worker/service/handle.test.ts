import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { defineCall, Nothing } from '../../../contract/call.ts';
import { calls } from '../../../contract/calls.ts';
import { AppError } from '../../../contract/errors.ts';
import { answerWith, handler } from '../../../native-worker/service/handle.ts';
import { allHandlers } from '../../../native-worker/service/handlers/all.ts';
import { openClient } from '../../../native-worker/client/service-client.ts';
import { startServiceUnderTest, type ServiceUnderTest } from '../../support/service-library.ts';

let under: ServiceUnderTest;
beforeAll(async () => (under = await startServiceUnderTest()));
afterAll(() => under.end());

const silent = pino({ enabled: false });

test('every call of the contract has one handler, and no handler answers anything else', () => {
  // Handlers touch their parts when they run, not when they are made.
  const parts = new Proxy({}, { get: () => new Proxy({}, { get: () => undefined }) });
  const answered = allHandlers(parts as never).map(({ call }) => call.name);
  expect(answered.sort()).toEqual(calls.map(({ name }) => name).sort());
});

// What fits by chance must do no harm: calls without input are left out, as `{}` fits them all.
const fuzzed = calls.filter((call) => !call.input.safeParse({}).success);

test.each(fuzzed.map((call) => [call.name, call] as const))(
  '%s refuses whatever does not fit its schema',
  async (_, call) => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (input) => {
        fc.pre(!call.input.safeParse(input).success);
        await expect(under.client.call({ ...call, input: z.unknown() }, input)).rejects.toMatchObject({
          code: 'invalid-input',
        });
      }),
      { numRuns: 40 },
    );
  },
);

test.each(calls.filter(({ input }) => input === Nothing).map((call) => [call.name, call] as const))(
  '%s takes no input at all',
  async (_, call) => {
    for (const input of [{ extra: 1 }, [], 'text', 0, null]) {
      await expect(under.client.call({ ...call, input: z.unknown() }, input)).rejects.toMatchObject({
        code: 'invalid-input',
      });
    }
  },
);

test('a call that does not exist is refused by name', async () => {
  const unknown = defineCall('runs.explode', Nothing, Nothing);
  await expect(under.client.call(unknown, {})).rejects.toThrow('There is no call "runs.explode"');
  const inherited = defineCall('__proto__', Nothing, Nothing);
  await expect(under.client.call(inherited, {})).rejects.toMatchObject({ code: 'invalid-input' });
});

test('ids that do not exist are not found, each with a sentence', async () => {
  const byId = calls.filter(({ input, audience }) => audience === 'page' && input.safeParse({ id: 4711 }).success);
  expect(byId.length).toBeGreaterThan(10);
  for (const call of byId) {
    const failure = await under.client.call(call, { id: 4711 }).catch((error: unknown) => error);
    expect(failure, call.name).toMatchObject({ code: 'not-found', message: expect.stringMatching(/4711/) as string });
  }
});

test('what throws an AppError answers with its code; what throws anything else is one calm sentence without details', async () => {
  const ask = defineCall('test.ask', z.strictObject({ what: z.string() }), z.strictObject({ fine: z.boolean() }));
  const answer = answerWith(
    [
      handler(ask, ({ what }) => {
        if (what === 'expected') throw new AppError('conflict', 'Not now.');
        if (what === 'full') throw Object.assign(new Error('disk'), { code: 'SQLITE_FULL' });
        if (what === 'bug') throw new TypeError('secret at /home/somebody/file.ts:3');
        return { fine: what === 'fine', ...(what === 'leak' && { password: 'x' }) };
      }),
    ],
    silent,
  );
  expect(await answer('test.ask', { what: 'fine' }, 'page')).toEqual({ ok: true, value: { fine: true } });
  expect(await answer('test.ask', { what: 'expected' }, 'page')).toEqual({
    ok: false,
    code: 'conflict',
    message: 'Not now.',
  });
  expect(await answer('test.ask', { what: 'full' }, 'page')).toMatchObject({ code: 'no-space' });
  const bug = await answer('test.ask', { what: 'bug' }, 'page');
  expect(bug).toEqual({ ok: false, code: 'internal', message: 'test.ask failed; details are in the log.' });
  expect(await answer('test.ask', { what: 'leak' }, 'page')).toMatchObject({ ok: false, code: 'internal' });
});

test('a call for this machine alone is refused to a page', async () => {
  const local = defineCall('test.local', Nothing, Nothing, 'local');
  const answer = answerWith([handler(local, () => ({}))], silent);
  expect(await answer('test.local', {}, 'page')).toMatchObject({ ok: false, code: 'forbidden' });
  expect(await answer('test.local', {}, 'local')).toEqual({ ok: true, value: {} });
});

test('a service that is asked a thousand things at once answers each with its own answer', async () => {
  const client = await openClient(under.service.socket);
  const setting = calls.find(({ name }) => name === 'runs.get')!;
  const failures = await Promise.all(
    Array.from({ length: 1000 }, (_, i) =>
      client.call(setting, { id: i + 1 }).catch((error: unknown) => String(error)),
    ),
  );
  failures.forEach((failure, i) => expect(failure).toContain(`There is no run ${i + 1}.`));
  client.close();
});
