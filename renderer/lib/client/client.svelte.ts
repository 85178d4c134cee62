import type * as z from 'zod';
import type { Call, ServiceEvent } from '../../../contract/call.ts';
import { AppError } from '../../../contract/errors.ts';
import type { Folder } from '../../../contract/folders.ts';
import { EventListeners, valueOf } from '../../../contract/rpc-client.ts';
import type { ConnectionState, Transport } from './transport.ts';
import { WhileHidden } from './while-hidden.ts';

/** The typed way to the service: what is asked and answered is what the contract says. */
export class Client {
  /** Whether the service can be asked just now. */
  connection: ConnectionState = $state('connecting');
  /** What the service said of the library's index that is lost; null: it is not. */
  lostIndex: string | null = $state(null);
  /** What happened to the service, a sentence: while it is away, and until it is dismissed once it is back. */
  news: string | null = $state(null);
  /** The system's folder dialog, where there is one. */
  readonly pickFolder: (() => Promise<Folder | null>) | null;

  readonly #transport: Transport;
  readonly #listeners = new EventListeners();
  readonly #opened = new Set<() => void>();
  readonly #whileHidden = new WhileHidden(() => this.#load());
  /** The service was there before. */
  #known = false;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.pickFolder = transport.pickFolder;
    transport.onEvent((name, payload) => this.#whileHidden.tell(() => this.#listeners.tell(name, payload)));
    transport.onConnection((state, why) => {
      this.connection = state;
      this.lostIndex = state === 'index-lost' ? (why ?? null) : null;
      this.news = state === 'index-lost' ? null : (why ?? null);
      if (state !== 'open') return;
      // A page that is opened in the background is there when it is looked at.
      if (this.#known) this.#whileHidden.reopened();
      else this.#load();
      this.#known = true;
    });
  }

  /**
   * Asks the service.
   *
   * @throws {AppError} with the code of the reply, or 'unavailable' if the service can't be reached
   */
  async call<I extends z.ZodType, O extends z.ZodType>(call: Call<I, O>, input: z.input<I>): Promise<z.output<O>> {
    return valueOf(call, await this.#transport.call(call.name, input));
  }

  /** Begins a new index in the place of one that is lost. @throws {AppError} why the service still can't start */
  async beginNewIndex(): Promise<void> {
    const reply = await this.#transport.beginNewIndex?.();
    if (reply?.ok === false) throw new AppError(reply.code, reply.message);
  }

  /** Listens to an event until the returned function is called. Events of while the page is hidden come once it is seen. */
  on<P extends z.ZodType>(event: ServiceEvent<P>, handler: (payload: z.output<P>) => void): () => void {
    return this.#listeners.on(event, handler);
  }

  /**
   * Runs `load` now if the service is there, and each time it comes (back) or the page is seen again after long: what was
   * missed in between is read again.
   * Ends when the returned function is called.
   */
  whenOpen(load: () => void): () => void {
    this.#opened.add(load);
    if (this.connection === 'open') load();
    return () => this.#opened.delete(load);
  }

  #load(): void {
    for (const handler of this.#opened) handler();
  }
}
