import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { get } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import * as z from 'zod';
import { ServiceMessage, type Call, type Reply, type ServiceEvent } from '../../contract/call.ts';
import { CONTRACT_VERSION } from '../../contract/calls.ts';
import { AppError, errorCodes } from '../../contract/errors.ts';
import { LOGS_FOLDER } from '../store/paths.ts';
import { claimFolder, makeFolder, unusableLibrary } from './library-folder.ts';
import { readAddress, type ServiceAddress } from './ownership.ts';
import { serviceScript } from './program-files.ts';

/** The service as its clients on this machine see it: the command line, tests, a second service that is not needed. */

export interface ServiceClient {
  /** Process id of the service. */
  readonly pid: number;
  /** Version of the app that serves. */
  readonly version: string;
  /** @throws {AppError} with the code that the service answered; 'unavailable' if the connection is lost */
  call<I extends z.ZodType, O extends z.ZodType>(call: Call<I, O>, input: z.input<I>): Promise<z.output<O>>;
  /** @returns what ends it */
  on<P extends z.ZodType>(event: ServiceEvent<P>, listener: (payload: z.output<P>) => void): () => void;
  /**
   * Fetches a picture (`/files/…`).
   *
   * @throws {AppError} 'not-found'
   */
  file(path: string): Promise<Buffer>;
  close(): void;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
}

const HELLO_TIMEOUT_MS = 5000;

/** A library that must be checked after a crash, or migrated, makes its service start slowly. */
const START_TIMEOUT_MS = 120_000;

/** Of two services started at once one must be allowed to get ready. */
const LIVING_TIMEOUT_MS = 30_000;
const POLL_MS = 100;

/**
 * Connects to the service of a library, and starts one where none lives. It is a process of its own and outlives this
 * one as long as something runs in it.
 *
 * @param library the library's folder
 * @param options.script what a service process runs, for tests
 * @param options.newIndex begin a new index if the library's own is missing, empty or damaged
 * @throws {AppError} what the service said when it could not start; 'unavailable' if it said nothing; 'forbidden' or
 *   'no-space' if the folder can't be written; 'conflict' if it is no library and not empty
 */
export async function connectToService(
  library: string,
  options: { script?: string; newIndex?: boolean } = {},
): Promise<ServiceClient> {
  const folder = resolve(library);
  const living = await tryLiving(folder);
  if (living !== null) return living.client;
  const newIndex = options.newIndex === true ? ['--new-index'] : [];
  const address = await start(folder, options.script ?? serviceScript(), newIndex);
  return openClient(address.socket);
}

/**
 * Connects to the service that holds a library, which may be just starting.
 *
 * @throws {AppError} 'library-in-use' if it does not answer
 */
export async function awaitLiving(
  library: string,
  timeoutMs = LIVING_TIMEOUT_MS,
): Promise<{ client: ServiceClient; address: ServiceAddress }> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const living = await tryLiving(resolve(library));
    if (living !== null) return living;
    if (Date.now() > deadline) break;
    await sleep(POLL_MS);
  }
  const pid = readAddress(library)?.pid;
  const who = pid === undefined ? 'Another process' : `Process ${pid}`;
  throw new AppError(
    'library-in-use',
    `${who} has the library ${library} open and does not answer. End it, or choose another library with --library.`,
  );
}

async function tryLiving(folder: string): Promise<{ client: ServiceClient; address: ServiceAddress } | null> {
  const address = readAddress(folder);
  if (address === null) return null;
  try {
    return { client: await openClient(address.socket), address };
  } catch (error) {
    if (error instanceof AppError && error.code === 'unavailable') return null; // it is gone, or not ready yet
    throw error;
  }
}

/**
 * Opens a connection.
 *
 * @throws {AppError} 'unavailable' if nobody answers; 'conflict' if who answers is another version of the app
 */
export function openClient(socketPath: string): Promise<ServiceClient> {
  const socket = new WebSocket('ws://localhost/rpc', {
    createConnection: () => connectSocket(socketPath),
    perMessageDeflate: false,
    maxPayload: 2 ** 28,
  });
  return new Promise((resolve, reject) => {
    const fail = (cause?: unknown): void => {
      reject(new AppError('unavailable', "EDM2 Studio's service does not answer.", { cause }));
    };
    const timer = setTimeout(() => {
      socket.terminate();
      fail();
    }, HELLO_TIMEOUT_MS);
    socket.on('error', fail);
    socket.on('close', () => fail());
    socket.once('message', (data: Buffer) => {
      clearTimeout(timer);
      const hello = parseMessage(data);
      if (hello?.kind !== 'hello') return fail();
      if (hello.contract !== CONTRACT_VERSION) {
        socket.close();
        return reject(
          new AppError(
            'conflict',
            `EDM2 Studio ${hello.app} has this library open and speaks another language. End it, then try again.`,
          ),
        );
      }
      resolve(makeClient(socket, socketPath, hello));
    });
  });
}

function makeClient(socket: WebSocket, socketPath: string, hello: { pid: number; app: string }): ServiceClient {
  const waiting = new Map<number, (reply: Reply) => void>();
  const listeners = new Map<string, Set<(payload: unknown) => void>>();
  let lastId = 0;
  socket.on('message', (data: Buffer) => {
    const message = parseMessage(data);
    if (message?.kind === 'reply') {
      waiting.get(message.id)?.(message.reply);
      waiting.delete(message.id);
    } else if (message?.kind === 'event') {
      for (const listener of listeners.get(message.event) ?? []) listener(message.payload);
    }
  });
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      for (const answer of waiting.values()) answer(LOST);
      waiting.clear();
      resolve();
    });
  });
  return {
    pid: hello.pid,
    version: hello.app,
    closed,
    close: () => socket.close(),
    file: (path) => fetchFile(socketPath, path),
    async call(call, input) {
      const id = ++lastId;
      const reply = await new Promise<Reply>((resolve) => {
        if (socket.readyState !== WebSocket.OPEN) return resolve(LOST);
        waiting.set(id, resolve);
        socket.send(JSON.stringify({ id, call: call.name, input }));
      });
      if (!reply.ok) throw new AppError(reply.code, reply.message);
      return call.output.parse(reply.value);
    },
    on(event, listener) {
      const heard = (payload: unknown): void => listener(event.payload.parse(payload));
      let ofEvent = listeners.get(event.name);
      if (ofEvent === undefined) listeners.set(event.name, (ofEvent = new Set()));
      ofEvent.add(heard);
      return () => ofEvent.delete(heard);
    },
  };
}

const LOST = { ok: false, code: 'unavailable', message: "The connection to EDM2 Studio's service was lost." } as const;

function parseMessage(data: Buffer): ServiceMessage | null {
  const parsed = ServiceMessage.safeParse(JSON.parse(data.toString('utf8')));
  return parsed.success ? parsed.data : null;
}

function fetchFile(socketPath: string, path: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const body = Buffer.concat(parts);
        if (response.statusCode === 200) resolve(body);
        else reject(new AppError('not-found', body.toString('utf8')));
      });
    }).on('error', (cause) => reject(new AppError('unavailable', LOST.message, { cause })));
  });
}

const ServiceLine = z.discriminatedUnion('ready', [
  z.object({ ready: z.literal(true), socket: z.string(), pid: z.int(), url: z.string().nullable() }),
  z.object({ ready: z.literal(false), code: z.enum(errorCodes), message: z.string() }),
]);

/** Starts a service process and waits for its line. */
async function start(folder: string, script: string, args: readonly string[]): Promise<{ socket: string }> {
  const logs = join(folder, LOGS_FOLDER);
  const errors = openStartLog(folder, logs);
  // A session of its own: Ctrl+C in the terminal is for the command line, which asks the service for what it wants.
  const child = spawn(process.execPath, [script, '--library', folder, '--exit-when-idle', ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', errors],
    windowsHide: true,
  });
  closeSync(errors);
  const output = child.stdout!;
  const line = await new Promise<string | null>((resolve) => {
    const timer = setTimeout(() => resolve(null), START_TIMEOUT_MS);
    const settle = (text: string | null): void => {
      clearTimeout(timer);
      resolve(text);
    };
    createInterface(output)
      .once('line', settle)
      .once('close', () => settle(null));
    child.once('error', () => settle(null));
  });
  output.destroy();
  child.unref();
  const parsed = ServiceLine.safeParse(line === null ? null : JSON.parse(line));
  if (!parsed.success) {
    throw new AppError(
      'unavailable',
      `EDM2 Studio's service did not start; ${join(logs, 'service-start.log')} may say why.`,
    );
  }
  if (!parsed.data.ready) throw new AppError(parsed.data.code, parsed.data.message);
  return parsed.data;
}

/** Opens the file that takes what a service says in vain; a new library gets its folder here. */
function openStartLog(folder: string, logs: string): number {
  claimFolder(folder);
  try {
    makeFolder(logs);
    return openSync(join(logs, 'service-start.log'), 'a');
  } catch (error) {
    throw unusableLibrary(folder, error);
  }
}
