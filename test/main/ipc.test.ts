import * as fc from 'fast-check';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Reply } from '../../contract/call.ts';
import { calls } from '../../contract/calls.ts';
import { answerPage } from '../../main/ipc.ts';

type Handler = (event: unknown, ...args: unknown[]) => Promise<Reply>;
const { handlers } = vi.hoisted(() => ({ handlers: new Map<string, Handler>() }));
vi.mock('electron', () => ({
  ipcMain: { handle: (channel: string, handler: Handler) => handlers.set(channel, handler) },
}));

const forwarded = vi.fn((name: string, input: unknown): Promise<Reply> =>
  Promise.resolve({ ok: true, value: { name, input } }),
);
const pickFolder = vi.fn((): Promise<Reply> => Promise.resolve({ ok: true, value: null }));
const ours = { senderFrame: { url: 'app://edm2/#/runs', parent: null } };

const beginNewIndex = vi.fn((): Promise<Reply> => Promise.resolve({ ok: true, value: {} }));
beforeAll(() => answerPage({ call: forwarded, pickFolder, beginNewIndex }));
beforeEach(() => {
  forwarded.mockClear();
  pickFolder.mockClear();
  beginNewIndex.mockClear();
});

const call = (event: unknown, name: unknown, input: unknown): Promise<Reply> =>
  handlers.get('edm2:call')!(event, name, input);

test.each(calls.filter((one) => one.audience === 'page').map((one) => one.name))(
  '%s of our page reaches the service with its input as it is',
  async (name) => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (input) => {
        const plain: unknown = JSON.parse(JSON.stringify(input));
        expect(await call(ours, name, input)).toEqual({ ok: true, value: { name, input: plain } });
      }),
      { numRuns: 20 },
    );
  },
);

test.each(calls.filter((one) => one.audience === 'local').map((one) => one.name))(
  '%s is not for a page',
  async (name) => {
    expect(await call(ours, name, {})).toMatchObject({ ok: false, code: 'forbidden' });
    expect(forwarded).not.toHaveBeenCalled();
  },
);

test('nothing but a name of the contract is forwarded', async () => {
  await fc.assert(
    fc.asyncProperty(fc.anything(), async (name) => {
      expect(await call(ours, name, {})).toMatchObject({ ok: false, code: 'forbidden' });
    }),
  );
  for (const name of ['__proto__', 'constructor', 'RUNS.LIST', 'runs.list ', '']) {
    expect(await call(ours, name, {})).toMatchObject({ ok: false, code: 'forbidden' });
  }
  expect(forwarded).not.toHaveBeenCalled();
});

const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;

test.each([
  ['a cycle', cyclic],
  ['a BigInt', { id: 1n }],
  ['two million characters', 'x'.repeat(2_000_000)],
  ['nothing', undefined],
  ['a function', () => 1],
])('%s is no input', async (_words, input) => {
  expect(await call(ours, 'runs.list', input)).toMatchObject({ ok: false, code: 'invalid-input' });
  expect(forwarded).not.toHaveBeenCalled();
});

const strangers: [string, unknown][] = [
  ['a foreign host', { senderFrame: { url: 'https://example.com/', parent: null } }],
  ['another host of our scheme', { senderFrame: { url: 'app://other/', parent: null } }],
  ['a frame inside our page', { senderFrame: { url: 'app://edm2/', parent: {} } }],
  ['a frame that is gone', { senderFrame: null }],
  [
    'a frame that is gone, as Electron 22 says it',
    {
      get senderFrame(): unknown {
        throw new Error('Render frame was disposed');
      },
    },
  ],
];

test.each(strangers)('%s may ask nothing', async (_words, event) => {
  expect(await call(event, 'runs.list', {})).toMatchObject({ ok: false, code: 'forbidden' });
  expect(await handlers.get('edm2:pick-folder')!(event)).toMatchObject({ ok: false, code: 'forbidden' });
  expect(await handlers.get('edm2:new-index')!(event)).toMatchObject({ ok: false, code: 'forbidden' });
  expect(forwarded).not.toHaveBeenCalled();
  expect(beginNewIndex).not.toHaveBeenCalled();
  expect(pickFolder).not.toHaveBeenCalled();
});

test('a refusal holds no stack and no path of this machine', async () => {
  const replies = [
    await call(ours, 'x', {}),
    await call(ours, 'runs.list', cyclic),
    await call({ senderFrame: null }, 'x', {}),
  ];
  for (const reply of replies) expect(JSON.stringify(reply)).not.toMatch(/\bat \w|\.ts|\/home|\/root/);
});
