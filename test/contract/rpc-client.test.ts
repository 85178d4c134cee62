import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { appInfo } from '../../contract/app.ts';
import { calls, CONTRACT_VERSION } from '../../contract/calls.ts';
import { jobChanged, runDeleted } from '../../contract/events.ts';
import { RpcClient, EventListeners, otherVersion, type Wire } from '../../contract/rpc-client.ts';
import { runDoctor } from '../../contract/runtime.ts';

/** A line whose other end is this test. */
class TestWire implements Wire {
  readonly sent: { id: number; call: string; input: unknown }[] = [];
  closed = false;
  #message: (text: string) => void = () => undefined;
  #end: (cause?: unknown) => void = () => undefined;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as (typeof this.sent)[0]);
  }
  onMessage(listener: (text: string) => void): void {
    this.#message = listener;
  }
  onClose(listener: (cause?: unknown) => void): void {
    this.#end = listener;
  }
  close(): void {
    this.closed = true;
  }
  says(message: unknown): void {
    this.#message(typeof message === 'string' ? message : JSON.stringify(message));
  }
  greets(contract = CONTRACT_VERSION): void {
    this.says({ kind: 'hello', contract, app: '1.2.3', pid: 7 });
  }
  replies(id: number, value: unknown): void {
    this.says({ kind: 'reply', id, reply: { ok: true, value } });
  }
  ends(): void {
    this.#end(new Error('the cable'));
  }
}

let wire: TestWire;
let heard: unknown[][];
let rpc: RpcClient;
beforeEach(() => {
  vi.useFakeTimers();
  wire = new TestWire();
  heard = [];
  rpc = new RpcClient(wire, (...event) => heard.push(event));
});
afterEach(() => vi.useRealTimers());

test('a call that is made before the greeting is sent after it', async () => {
  const reply = rpc.call('app.info', { a: 1 });
  expect(wire.sent).toEqual([]);
  wire.greets();
  expect(wire.sent).toEqual([{ id: 1, call: 'app.info', input: { a: 1 } }]);
  wire.replies(1, 'yes');
  expect(await reply).toEqual({ ok: true, value: 'yes' });
});

test('replies find their calls whatever their order', async () => {
  wire.greets();
  const [first, second] = [rpc.call('app.info', {}), rpc.call('app.info', {})];
  wire.replies(2, 'second');
  wire.replies(1, 'first');
  expect(await Promise.all([first, second])).toMatchObject([{ value: 'first' }, { value: 'second' }]);
});

test.each(calls.map((call) => [call.name, call.timeoutMs] as const))(
  '%s is given up after its own time, %i ms, and not before',
  async (name, timeoutMs) => {
    wire.greets();
    let reply: unknown = null;
    void rpc.call(name, {}).then((answer) => (reply = answer));
    await vi.advanceTimersByTimeAsync(timeoutMs - 1);
    expect(reply).toBeNull();
    await vi.advanceTimersByTimeAsync(1);
    expect(reply).toMatchObject({ ok: false, code: 'unavailable' });
    wire.replies(1, 'too late'); // nobody waits for it any more
    expect(wire.closed).toBe(false);
  },
);

test('the doctor may take longer than the self-test waits for a GPU, and other calls may not', () => {
  expect(runDoctor.timeoutMs).toBeGreaterThan(300_000);
  expect(appInfo.timeoutMs).toBe(120_000);
});

test('when the line is lost, every call is answered, and those that come later at once', async () => {
  wire.greets();
  const reply = rpc.call('app.info', {});
  wire.ends();
  expect(await reply).toMatchObject({ ok: false, code: 'unavailable' });
  expect(await rpc.call('app.info', {})).toMatchObject({ ok: false, code: 'unavailable' });
  await rpc.closed;
});

test('a line that ends before the greeting is a service that does not answer, with the reason kept', async () => {
  wire.ends();
  await expect(rpc.greeting).rejects.toMatchObject({ code: 'unavailable', cause: new Error('the cable') });
});

test('who says nothing for ten seconds is no service', async () => {
  const reply = rpc.call('app.info', {});
  await vi.advanceTimersByTimeAsync(10_000);
  await expect(rpc.greeting).rejects.toMatchObject({ code: 'unavailable' });
  expect(await reply).toMatchObject({ ok: false, code: 'unavailable' });
  expect(wire.closed).toBe(true);
});

test('a service of another version greets, is named, and is asked nothing', async () => {
  const reply = rpc.call('app.info', {});
  wire.greets(999);
  const hello = await rpc.greeting;
  expect(hello.contract).toBe(999);
  expect(otherVersion(hello)).toMatchObject({ code: 'conflict', message: expect.stringContaining('1.2.3') as string });
  expect(await reply).toMatchObject({ ok: false, message: expect.stringContaining('Another version') as string });
  expect(wire.sent).toEqual([]);
  expect(wire.closed).toBe(true);
});

test.each(['<html>', '{"kind":"unheard-of"}', '[]'])(
  '%s ends the line: it is no message of a service',
  async (text) => {
    wire.says(text);
    await expect(rpc.greeting).rejects.toMatchObject({
      message: 'What answers is not the service of this EDM2 Studio.',
    });
    expect(wire.closed).toBe(true);
  },
);

test('events come as they are, also right behind the greeting', () => {
  wire.greets();
  wire.says({ kind: 'event', event: 'anything', payload: 1 });
  expect(heard).toEqual([['anything', 1]]);
});

test('a listener gets its events parsed, until it leaves', () => {
  const listeners = new EventListeners();
  const gone: unknown[] = [];
  const leave = listeners.on(runDeleted, (payload) => gone.push(payload));
  listeners.on(jobChanged, () => gone.push('no'));
  listeners.tell(runDeleted.name, { runId: 1 });
  expect(() => listeners.tell(runDeleted.name, { runId: 'x' })).toThrow();
  leave();
  listeners.tell(runDeleted.name, { runId: 2 });
  expect(gone).toEqual([{ runId: 1 }]);
});

test('a line that goes silent without being closed is lost, and what waits is answered', async () => {
  wire = new TestWire();
  rpc = new RpcClient(wire, () => undefined, { silenceMs: 30_000 });
  wire.greets();
  const pause = rpc.call('runs.pause', { id: 1 });
  for (let word = 0; word < 3; word++) {
    vi.advanceTimersByTime(20_000);
    wire.says({ kind: 'alive' });
  }
  expect(wire.closed).toBe(false);
  vi.advanceTimersByTime(30_000);
  expect(await pause).toMatchObject({
    ok: false,
    code: 'unavailable',
    message: expect.stringContaining('lost') as string,
  });
  expect(wire.closed).toBe(true);
  await rpc.closed;
});

test('a line that need not speak may be silent for as long as it likes', async () => {
  wire.greets();
  const reply = rpc.call('app.info', {}, 10 ** 9);
  vi.advanceTimersByTime(10 ** 8);
  wire.replies(1, 'still here');
  expect(await reply).toEqual({ ok: true, value: 'still here' });
});
