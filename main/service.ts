import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import type { Reply } from '../contract/call.ts';
import { inheritedEnvironment } from '../contract/environment.ts';
import { AppError } from '../contract/errors.ts';
import { ServiceConnection, unavailable, type FileAnswer } from './service-connection.ts';
import type { ServiceProgram } from './service-program.ts';

/** What the service prints when it can be spoken to. */
const ReadyLine = z.object({ ready: z.literal(true), socket: z.string() });

/** Opening a large library after a crash checks the whole file first. */
const START_TIMEOUT_MS = 120_000;
/** How often a service that died is started again before we give up, and how long it must live to count as well. */
const MAX_DEATHS = 4;
const HEALTHY_MS = 60_000;
/** Pause before a new start, so that a service that dies at once does not keep the machine busy. */
const RESTART_DELAY_MS = 500;

export interface ServiceOptions {
  /** Finds the program anew for each start. */
  readonly program: () => ServiceProgram;
  /** Further arguments: the library, if it was named. */
  readonly args: readonly string[];
  /** File for what the service writes to stderr. */
  readonly errorLog: string;
  readonly onEvent: (name: string, payload: unknown) => void;
  /** The connection came or went; the page says so. */
  readonly onConnected: (connected: boolean) => void;
}

/**
 * The service as the rest of main sees it: always there. It is started (or found running) at first use, and again when
 * it dies, a bounded number of times. Calls that come meanwhile wait.
 */
export class Service {
  readonly #options: ServiceOptions;
  #connection: Promise<ServiceConnection> | null = null;
  #deaths = 0;
  #lastFailure = "EDM2 Studio's service ended.";
  #leaving = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** Asks the service. Never rejects: whatever goes wrong on the way is an answer with a code. */
  async call(name: string, input: unknown): Promise<Reply> {
    try {
      return await (await this.connected()).call(name, input);
    } catch (error) {
      return unavailable(error instanceof AppError ? error.message : "EDM2 Studio's service could not be started.");
    }
  }

  /** @throws {AppError} 'unavailable' */
  async file(path: string): Promise<FileAnswer> {
    return (await this.connected()).file(path);
  }

  /** Starts or finds the service, if that was not done yet. */
  connected(): Promise<ServiceConnection> {
    if (this.#deaths > MAX_DEATHS) {
      const message = `${this.#lastFailure} It was started ${this.#deaths} times; start EDM2 Studio again to try once more.`;
      return Promise.reject(new AppError('unavailable', message));
    }
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

  async #connect(): Promise<ServiceConnection> {
    const startedAt = Date.now();
    try {
      if (this.#deaths > 0) await new Promise((resolve) => setTimeout(resolve, RESTART_DELAY_MS * this.#deaths));
      const socket = await startService(this.#options);
      const connection = await ServiceConnection.open(socket, {
        onEvent: this.#options.onEvent,
        onClose: () => this.#lost(startedAt),
      });
      this.#options.onConnected(true);
      return connection;
    } catch (error) {
      this.#deaths += 1;
      this.#connection = null;
      if (error instanceof AppError) this.#lastFailure = error.message;
      throw error;
    }
  }

  #lost(startedAt: number): void {
    this.#connection = null;
    if (this.#leaving) return;
    this.#deaths = Date.now() - startedAt > HEALTHY_MS ? 1 : this.#deaths + 1;
    this.#lastFailure = `EDM2 Studio's service ended by itself. Its log is ${this.#options.errorLog}.`;
    this.#options.onConnected(false);
    this.connected().catch(() => undefined); // the next call says why
  }
}

/**
 * Starts the service, or learns from it that one is running for this library already.
 *
 * @returns its socket
 * @throws {AppError} 'unavailable', with what the service wrote last
 */
async function startService(options: ServiceOptions): Promise<string> {
  const { node, entry } = options.program();
  const log = openSync(options.errorLog, 'a');
  // Detached: training goes on when this app is closed or crashes.
  const child = spawn(node, [entry, '--exit-when-idle', ...options.args], {
    detached: true,
    stdio: ['ignore', 'pipe', log],
    env: inheritedEnvironment('service', process.env),
    windowsHide: true,
  });
  closeSync(log);
  const output = child.stdout!; // there, because stdio says 'pipe'
  const started = await new Promise<string | null>((resolve) => {
    const timer = setTimeout(() => resolve(null), START_TIMEOUT_MS);
    const settle = (socket: string | null): void => {
      clearTimeout(timer);
      resolve(socket);
    };
    child.on('error', () => settle(null));
    child.on('close', () => settle(null)); // after its last line was read
    createInterface(output).on('line', (line) => {
      const ready = parseReadyLine(line);
      if (ready !== null) settle(ready);
    });
  });
  child.unref();
  output.destroy();
  if (started === null)
    throw new AppError('unavailable', `EDM2 Studio's service did not start. ${lastWords(options.errorLog)}`);
  return started;
}

function parseReadyLine(line: string): string | null {
  try {
    return ReadyLine.parse(JSON.parse(line)).socket;
  } catch {
    return null; // some other line
  }
}

/** The last line of the service's error log: the sentence it failed with. */
function lastWords(errorLog: string): string {
  const lines = readFileSync(errorLog, 'utf8').trim().split('\n');
  return lines.at(-1) ?? '';
}
