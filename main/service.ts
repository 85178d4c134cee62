import { appInfo } from '../contract/app.ts';
import type { Reply } from '../contract/call.ts';
import { inheritedEnvironment } from '../contract/environment.ts';
import { AppError } from '../contract/errors.ts';
import { serviceEnds } from '../contract/events.ts';
import {
  Restarts,
  serviceDied,
  serviceDiedAgain,
  serviceNotStarted,
  serviceStartedAgain,
} from '../contract/restarts.ts';
import { unavailable } from '../contract/rpc-client.ts';
import { reasonOf } from '../contract/system-errors.ts';
import { openClient, type FileAnswer, type ServiceClient } from '../native-worker/client/service-client.ts';
import { startService } from '../native-worker/client/start-service.ts';
import type { ServiceProgram } from './service-program.ts';

export interface ServiceOptions {
  /** Finds the program anew for each start. */
  readonly program: () => ServiceProgram;
  /** Further arguments: the library, if it was named. */
  readonly args: readonly string[];
  /** File for what the service writes to stderr. */
  readonly errorLog: string;
  readonly onEvent: (name: string, payload: unknown) => void;
  /** The connection came or went; the page says so, and what happened where that was no usual thing. */
  readonly onConnected: (connected: boolean, why?: string) => void;
}

/**
 * The service as the rest of main sees it: always there. It is started (or found running) at first use, and again when
 * it dies, as often as `Restarts` allows. Calls that come meanwhile wait.
 */
export class Service {
  readonly #options: ServiceOptions;
  #connection: Promise<ServiceClient> | null = null;
  readonly #restarts = new Restarts();
  /** It is not started again; null: it may be. */
  #over: AppError | null = null;
  /** The library's index is lost: there is no use in another start before the user has said what becomes of it. */
  #indexLost: AppError | null = null;
  #newIndex = false;
  #leaving = false;
  /** It died, and was not ended: what it trained goes on. */
  #died = false;
  #endsInOrder = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** Asks the service. Never rejects: whatever goes wrong on the way is an answer with a code. */
  async call(name: string, input: unknown): Promise<Reply> {
    try {
      return await (await this.connected()).forward(name, input);
    } catch (error) {
      if (error instanceof AppError && error.code === 'index-lost')
        return { ok: false, code: error.code, message: error.message };
      return unavailable(error instanceof AppError ? error.message : "EDM2 Studio's service could not be started.");
    }
  }

  /** Starts the service with a new index: the user's answer where the library's is lost. */
  beginNewIndex(): Promise<Reply> {
    this.#newIndex = this.#indexLost !== null;
    this.#indexLost = null;
    return this.call(appInfo.name, {});
  }

  /** @throws {AppError} 'unavailable' */
  async file(path: string): Promise<FileAnswer> {
    return (await this.connected()).fetch(path);
  }

  /** Starts or finds the service, if that was not done yet. */
  connected(): Promise<ServiceClient> {
    if (this.#indexLost !== null) return Promise.reject(this.#indexLost);
    if (this.#over !== null) return Promise.reject(this.#over);
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  /** Lets go of the service; it ends by itself when it has nothing to do. */
  leave(): void {
    this.#leaving = true;
    void this.#connection?.then(
      (connection) => connection.close(),
      () => undefined, // there is nothing to let go of
    );
  }

  async #connect(): Promise<ServiceClient> {
    const startedAt = performance.now();
    try {
      const { node, entry } = this.#options.program();
      const { args, errorLog, onEvent } = this.#options;
      const { socket } = await startService({
        node,
        entry,
        args: [...args, ...(this.#newIndex ? ['--new-index'] : []), ...(this.#died ? ['--go-on'] : [])],
        errorLog,
        environment: inheritedEnvironment('service', process.env),
      });
      this.#endsInOrder = false;
      const connection = await openClient(socket, {
        onEvent: (name, payload) => {
          if (name === serviceEnds.name) this.#endsInOrder = true;
          onEvent(name, payload);
        },
      });
      void connection.closed.then(() => this.#lost(performance.now() - startedAt));
      this.#newIndex = false;
      this.#options.onConnected(true, this.#died ? `${serviceDied(errorLog)} ${serviceStartedAgain}` : undefined);
      this.#died = false;
      return connection;
    } catch (error) {
      this.#connection = null;
      if (error instanceof AppError && error.code === 'index-lost') this.#indexLost = error;
      else if (!this.#restarts.allow(0)) this.#over = new AppError('unavailable', serviceNotStarted(reasonOf(error)));
      throw this.#over ?? error;
    }
  }

  #lost(livedMs: number): void {
    this.#connection = null;
    if (this.#leaving) return;
    const { errorLog, onConnected } = this.#options;
    this.#died = !this.#endsInOrder;
    // One that was ended is started again whenever that is: as long as the window is open it wants a service.
    if (!this.#died || this.#restarts.allow(livedMs)) {
      onConnected(false, this.#died ? serviceDied(errorLog) : undefined);
      this.connected().catch(() => undefined); // the next call says why
    } else {
      this.#over = new AppError('unavailable', serviceDiedAgain(errorLog));
      onConnected(false, this.#over.message);
    }
  }
}
