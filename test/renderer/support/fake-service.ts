import './page-features.ts';
import type * as z from 'zod';
import type { Call, Reply, ServiceEvent } from '../../../contract/call.ts';
import { calls, CONTRACT_VERSION } from '../../../contract/calls.ts';
import { AppError } from '../../../contract/errors.ts';

/**
 * A service that answers what a test tells it to, over a WebSocket as in a browser tab. Import it before anything of
 * the renderer: the client opens its connection when it is first imported. Inputs are parsed as the real service does,
 * so a request that the contract refuses fails here, too.
 */
class FakeService {
  /** Calls that came in, in order, as parsed. */
  readonly asked: { name: string; input: unknown }[] = [];
  readonly #answers = new Map<string, (input: never) => unknown>();
  readonly #sockets = new Set<FakeSocket>();
  readonly #waiting: FakeSocket[] = [];
  #opened = false;

  /** Says what a call is answered with; the newest word counts. Throw an AppError for a refusal. */
  answer<C extends Call>(call: C, how: (input: z.output<C['input']>) => z.input<C['output']>): void {
    this.#answers.set(call.name, how);
  }

  /** Tells every page something. */
  emit<E extends ServiceEvent>(event: E, payload: z.input<E['payload']>): void {
    for (const socket of this.#sockets) socket.receive({ kind: 'event', event: event.name, payload });
  }

  /** The inputs with which a call was asked. */
  inputsOf<I extends z.ZodType>(call: Call<I>): z.output<I>[] {
    return this.asked.filter(({ name }) => name === call.name).map(({ input }) => input as z.output<I>);
  }

  /**
   * Greets the page, which then asks what it wants to know at its start: say the answers before. Counts once; a page that gave
   * up waiting, because the machine was slow, and connects again is greeted at once.
   */
  open(): void {
    this.#opened = true;
    for (const socket of this.#waiting.splice(0)) this.#greet(socket);
  }

  connect(socket: FakeSocket): void {
    if (this.#opened) queueMicrotask(() => this.#greet(socket));
    else this.#waiting.push(socket);
  }

  #greet(socket: FakeSocket): void {
    this.#sockets.add(socket);
    socket.receive({ kind: 'hello', contract: CONTRACT_VERSION, app: 'test', pid: 1 });
  }

  reply(name: string, raw: unknown): Reply {
    const call = calls.find((candidate) => candidate.name === name);
    if (!call) return { ok: false, code: 'not-found', message: `there is no call ${name}` };
    const input = call.input.safeParse(raw);
    if (!input.success) return { ok: false, code: 'invalid-input', message: input.error.message };
    this.asked.push({ name, input: input.data });
    const how = this.#answers.get(name);
    if (!how) return { ok: false, code: 'internal', message: `the test has no answer for ${name}` };
    try {
      return { ok: true, value: call.output.parse(how(input.data as never)) };
    } catch (error) {
      if (error instanceof AppError) return { ok: false, code: error.code, message: error.message };
      throw error;
    }
  }
}

export const service = new FakeService();

class FakeSocket extends EventTarget {
  constructor() {
    super();
    service.connect(this);
  }

  send(text: string): void {
    const { id, call, input } = JSON.parse(text) as { id: number; call: string; input: unknown };
    queueMicrotask(() => this.receive({ kind: 'reply', id, reply: service.reply(call, input) }));
  }

  close(): void {
    this.dispatchEvent(new Event('close'));
  }

  receive(message: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
  }
}

globalThis.WebSocket = FakeSocket as unknown as typeof WebSocket;
