import type * as z from 'zod';
import { ServiceMessage, USUAL_TIMEOUT_MS, type Call, type Hello, type Reply, type ServiceEvent } from './call.ts';
import { calls, CONTRACT_VERSION } from './calls.ts';
import { AppError } from './errors.ts';
import { events } from './events.ts';

/** The asking side of a connection to the service, whatever carries it: a browser's socket or one of this machine. */

/** A line to a service. Texts arrive whole and in order; what is sent before the greeting came is not sent. */
export interface Wire {
  send(text: string): void;
  onMessage(listener: (text: string) => void): void;
  /** Calls back once, whoever ended it, with what the system said. */
  onClose(listener: (cause?: unknown) => void): void;
  close(): void;
}

/** A service greets as soon as it is connected to; one that does not is stopped, or something else. */
export const GREETING_TIMEOUT_MS = 10_000;

// The browser and Node both have these; the contract is compiled with the types of neither.
declare function setTimeout(run: () => void, ms: number): unknown;
declare function clearTimeout(timer: unknown): void;

const timeouts: ReadonlyMap<string, number> = new Map(calls.map(({ name, timeoutMs }) => [name, timeoutMs]));

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly timer: unknown;
}

/** One connection: a greeting, calls and their replies by number, events as they come. */
export class RpcClient {
  /**
   * What the service says of itself. Rejects with an AppError 'unavailable' if the connection ends before, or what
   * answers is no service.
   */
  readonly greeting: Promise<Hello>;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;

  readonly #wire: Wire;
  readonly #onEvent: (name: string, payload: unknown) => void;
  readonly #waiting = new Map<number, Waiting>();
  /** Calls that wait for the greeting. */
  #unsent: string[] = [];
  #state: 'connecting' | 'open' | 'closed' = 'connecting';
  #lastId = 0;
  readonly #greetingTimer: unknown;
  readonly #silenceMs: number | null;
  #silenceTimer: unknown = null;
  #tellGreeting!: { resolve: (hello: Hello) => void; reject: (error: AppError) => void };
  #tellClosed!: () => void;

  /**
   * @param onEvent   takes every event, also those that come right behind the greeting
   * @param silenceMs after so long without a word an open line counts as lost, though nobody closed it; null: never
   */
  constructor(
    wire: Wire,
    onEvent: (name: string, payload: unknown) => void,
    {
      greetingTimeoutMs = GREETING_TIMEOUT_MS,
      silenceMs = null,
    }: { greetingTimeoutMs?: number; silenceMs?: number | null } = {},
  ) {
    this.#wire = wire;
    this.#silenceMs = silenceMs;
    this.#onEvent = onEvent;
    this.greeting = new Promise((resolve, reject) => (this.#tellGreeting = { resolve, reject }));
    this.greeting.catch(() => undefined); // who does not wait for it learns it from the first call
    this.closed = new Promise((resolve) => (this.#tellClosed = resolve));
    this.#greetingTimer = setTimeout(() => this.#end(SILENT), greetingTimeoutMs);
    wire.onMessage((text) => this.#receive(text));
    wire.onClose((cause) => this.#end(SILENT, cause));
  }

  /**
   * Asks the service; one that has not greeted yet is asked as soon as it has. Never rejects: a lost connection, a
   * service of another version, and no answer within the call's own time are replies, too.
   *
   * @param timeoutMs default: the call's own
   */
  call(name: string, input: unknown, timeoutMs = timeouts.get(name) ?? USUAL_TIMEOUT_MS): Promise<Reply> {
    if (this.#state === 'closed') return Promise.resolve(unavailable(LOST));
    const id = ++this.#lastId;
    const text = JSON.stringify({ id, call: name, input });
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answer(id, unavailable(tooSlow(name, timeoutMs))), timeoutMs);
      this.#waiting.set(id, { resolve, timer });
      if (this.#state === 'open') this.#wire.send(text);
      else this.#unsent.push(text);
    });
  }

  close(): void {
    this.#end(LOST);
  }

  #receive(text: string): void {
    if (this.#state === 'closed') return;
    const message = parseMessage(text);
    if (message === null) return this.#end('What answers is not the service of this EDM2 Studio.');
    this.#hears();
    switch (message.kind) {
      case 'hello':
        return this.#greet(message);
      case 'reply':
        return this.#answer(message.id, message.reply);
      case 'event':
        return this.#onEvent(message.event, message.payload);
      case 'alive':
        return;
      default:
        message satisfies never;
    }
  }

  /** The other end has said something: it may be silent as long again. */
  #hears(): void {
    if (this.#silenceMs === null) return;
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#end(LOST), this.#silenceMs);
  }

  #greet(hello: Hello): void {
    clearTimeout(this.#greetingTimer);
    this.#tellGreeting.resolve(hello);
    if (hello.contract !== CONTRACT_VERSION) return this.#end(otherVersion(hello).message);
    this.#state = 'open';
    for (const text of this.#unsent.splice(0)) this.#wire.send(text);
  }

  #answer(id: number, reply: Reply): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return; // it came after its time
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.resolve(reply);
  }

  #end(message: string, cause?: unknown): void {
    if (this.#state === 'closed') return;
    const why = this.#state === 'open' && message === SILENT ? LOST : message;
    this.#state = 'closed';
    clearTimeout(this.#greetingTimer);
    clearTimeout(this.#silenceTimer);
    this.#unsent = [];
    this.#tellGreeting.reject(new AppError('unavailable', why, { cause }));
    this.#tellClosed();
    for (const id of [...this.#waiting.keys()]) this.#answer(id, unavailable(why));
    this.#wire.close();
  }
}

const SILENT = "EDM2 Studio's service does not answer.";
const LOST = "The connection to EDM2 Studio's service was lost.";

function tooSlow(name: string, timeoutMs: number): string {
  return `EDM2 Studio's service did not answer ${name} within ${Math.round(timeoutMs / 1000)} seconds; it may still be at it.`;
}

/** The refusal for everything that can't reach the service. */
export function unavailable(message: string): Reply {
  return { ok: false, code: 'unavailable', message };
}

/** What to say of a service that speaks another version of the contract. */
export function otherVersion({ app, pid }: Hello): AppError {
  return new AppError(
    'conflict',
    `Another version of EDM2 Studio (${app}, process ${pid}) has this library open. Pause its training, close it, and start again.`,
  );
}

/** The value of a reply. @throws {AppError} with the code and sentence of a refusal */
export function valueOf<I extends z.ZodType, O extends z.ZodType>(call: Call<I, O>, reply: Reply): z.output<O> {
  if (!reply.ok) throw new AppError(reply.code, reply.message);
  return call.output.parse(reply.value);
}

/** Who listens to which event. */
export class EventListeners {
  readonly #byName = new Map<string, Set<(payload: never) => void>>();

  /** Listens until the returned function is called. */
  on<P extends z.ZodType>(event: ServiceEvent<P>, listener: (payload: z.output<P>) => void): () => void {
    const listeners = this.#byName.get(event.name) ?? new Set();
    this.#byName.set(event.name, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Hands an event to who listens, parsed. */
  tell(name: string, raw: unknown): void {
    const listeners = this.#byName.get(name);
    const event = events.find((candidate) => candidate.name === name);
    if (listeners === undefined || listeners.size === 0 || event === undefined) return;
    const payload = event.payload.parse(raw);
    for (const listener of listeners) listener(payload as never);
  }
}

/** null for anything that is not a message of the contract: the service is not ours, or broken */
function parseMessage(text: string): ServiceMessage | null {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return null; // not JSON; the caller ends the connection
  }
  return ServiceMessage.safeParse(raw).data ?? null;
}
