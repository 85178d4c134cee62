import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Readable } from 'node:stream';
import { WebSocket } from 'ws';
import type * as z from 'zod';
import type { Call, Hello, Reply, ServiceEvent } from '../../contract/call.ts';
import { CONTRACT_VERSION } from '../../contract/calls.ts';
import { AppError } from '../../contract/errors.ts';
import { EventListeners, otherVersion, RpcClient, valueOf, type Wire } from '../../contract/rpc-client.ts';

/** A connection to a service of this machine, over its socket. */
export interface ServiceClient {
  /** What the service said of itself. */
  readonly hello: Hello;
  /** Process id of the service. */
  readonly pid: number;
  /** Version of the app that serves. */
  readonly version: string;
  /** @throws {AppError} with the code that the service answered; 'unavailable' if there is no answer */
  call<I extends z.ZodType, O extends z.ZodType>(call: Call<I, O>, input: z.input<I>): Promise<z.output<O>>;
  /** Passes a call on as it came, and what is answered goes back as it is. Never rejects. */
  forward(name: string, input: unknown): Promise<Reply>;
  /** @returns what ends it */
  on<P extends z.ZodType>(event: ServiceEvent<P>, listener: (payload: z.output<P>) => void): () => void;
  /**
   * Fetches a picture (`/files/…`).
   *
   * @throws {AppError} 'not-found' with the service's own words; 'unavailable'
   */
  file(path: string): Promise<Buffer>;
  /** The same with everything that was answered, refusals too, as it comes in. @throws {AppError} 'unavailable' */
  fetch(path: string): Promise<FileAnswer>;
  /**
   * Fetches what may be larger than memory, piece by piece.
   *
   * @throws {AppError} 'not-found' with the service's own words; 'unavailable', also where it breaks off
   */
  pieces(path: string): AsyncIterable<Buffer>;
  close(): void;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
}

/** A file of the library, or the service's refusal. */
export interface FileAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly cacheControl: string;
  /** To be read once; fails where the service breaks off. */
  readonly body: Readable;
}

export interface OpenClientOptions {
  /** Takes every event as it comes, known or not. */
  onEvent?: (name: string, payload: unknown) => void;
  greetingTimeoutMs?: number;
}

/** A sheet of 1024 pictures of 256 pixels is some 150 MB; nothing the service sends is larger. */
const MAX_BYTES = 2 ** 28;

/**
 * Connects and waits for the service's greeting.
 *
 * @param socketPath Unix socket or Windows named pipe
 * @throws {AppError} 'unavailable' if nobody answers; 'conflict' if who answers is another version of the app
 */
export async function openClient(socketPath: string, options: OpenClientOptions = {}): Promise<ServiceClient> {
  const listeners = new EventListeners();
  const rpc = new RpcClient(
    openWire(socketPath),
    (name, payload) => {
      options.onEvent?.(name, payload);
      listeners.tell(name, payload);
    },
    options,
  );
  const hello = await rpc.greeting;
  if (hello.contract !== CONTRACT_VERSION) throw otherVersion(hello);
  const fetch = (path: string): Promise<FileAnswer> => fetchFile(socketPath, path);
  return {
    hello,
    pid: hello.pid,
    version: hello.app,
    closed: rpc.closed,
    call: async (call, input) => valueOf(call, await rpc.call(call.name, input)),
    forward: (name, input) => rpc.call(name, input),
    on: (event, listener) => listeners.on(event, listener),
    fetch,
    file: async (path) => {
      const { status, body } = await fetch(path);
      const content = await allOf(body, path);
      if (status !== 200) throw new AppError('not-found', content.toString('utf8'));
      return content;
    },
    pieces: (path) => piecesOf(() => fetch(path), path),
    close: () => rpc.close(),
  };
}

function openWire(socketPath: string): Wire {
  const socket = new WebSocket('ws://localhost/rpc', {
    createConnection: () => connect(socketPath),
    perMessageDeflate: false,
    maxPayload: MAX_BYTES,
  });
  let failure: unknown;
  socket.on('error', (error) => (failure = error)); // 'close' follows
  return {
    send: (text) => socket.send(text),
    onMessage: (listener) => socket.on('message', (data: Buffer) => listener(data.toString('utf8'))),
    onClose: (listener) => socket.on('close', () => listener(failure)),
    close: () => socket.close(),
  };
}

function ask(socketPath: string, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path, headers: { host: 'localhost' } }, resolve).on('error', reject);
  });
}

async function fetchFile(socketPath: string, path: string): Promise<FileAnswer> {
  try {
    const response = await ask(socketPath, path);
    return {
      status: response.statusCode ?? 500,
      contentType: response.headers['content-type'] ?? 'application/octet-stream',
      cacheControl: response.headers['cache-control'] ?? 'no-store',
      body: response,
    };
  } catch (cause) {
    throw notHandedOver(path, cause);
  }
}

async function* piecesOf(fetch: () => Promise<FileAnswer>, path: string): AsyncGenerator<Buffer> {
  const { status, body } = await fetch();
  if (status !== 200) throw new AppError('not-found', (await allOf(body, path)).toString('utf8'));
  try {
    yield* body as AsyncIterable<Buffer>;
  } catch (cause) {
    throw notHandedOver(path, cause);
  }
}

/** @throws {AppError} 'unavailable' where it breaks off, or is larger than anything that is sent whole */
async function allOf(body: Readable, path: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > MAX_BYTES) throw new Error(`${path} is larger than ${MAX_BYTES} bytes`);
      parts.push(part);
    }
  } catch (cause) {
    throw notHandedOver(path, cause);
  }
  return Buffer.concat(parts);
}

function notHandedOver(path: string, cause: unknown): AppError {
  return new AppError('unavailable', `The service did not hand over ${path}.`, { cause });
}
