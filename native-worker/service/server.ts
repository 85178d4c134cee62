import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import { ALIVE_MS, ClientMessage, type Audience, type ServiceMessage } from '../../contract/call.ts';
import { CONTRACT_VERSION } from '../../contract/calls.ts';
import type { LibraryIdentity } from '../../contract/library.ts';
import { SECURITY_HEADERS } from '../../contract/security.ts';
import type { Events } from './events.ts';
import type { Answer, Asker } from './handle.ts';

/** HTTP and WebSocket in front of the service, over whatever the gate guards: its local socket or a TCP port. */

/** What the gate says to a request: come in as somebody, or what to answer instead. */
export type Admission =
  | { admitted: true; audience: Audience }
  | { admitted: false; status: number; body: string; headers?: Record<string, string> };

export interface ServerParts {
  /** Version of the app, for the greeting. */
  version: string;
  /** Which library it serves, as it lies now; for the greeting, too. null: none. */
  library: () => LibraryIdentity | null;
  admit: (request: IncomingMessage) => Admission;
  answer: Answer;
  events: Events;
  /** Answers GET and HEAD of everybody who was admitted. */
  serveFile: (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void>;
  connections: Connections;
  log: Logger;
  /** A connection that is silent this long is asked whether it lives; so long again, and it is closed. Default: 30 s. */
  heartbeatMs?: number;
  /** Each connection hears of us at least so often. Default: ten seconds. */
  aliveMs?: number;
}

/** The largest request is a run's config with notes, some tens of kB. */
export const MAX_MESSAGE_BYTES = 1 << 20;

/** A client that does not read its events is let go before they fill our memory. */
const MAX_BUFFERED_BYTES = 32 << 20;

/**
 * So many calls of one connection are answered at once; further ones wait, and what has not come in yet waits with its
 * sender. A page asks for a dozen when it opens.
 */
export const MAX_CALLS_AT_ONCE = 16;

const HEARTBEAT_MS = 30_000;

/** Open connections of all servers together. */
export class Connections {
  readonly #open = new Set<WebSocket>();
  readonly #watchers = new Set<(count: number) => void>();

  get count(): number {
    return this.#open.size;
  }

  add(socket: WebSocket): void {
    this.#open.add(socket);
    this.#tell();
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#tell();
    });
  }

  /** Is told the count at each change. */
  watch(watcher: (count: number) => void): void {
    this.#watchers.add(watcher);
  }

  closeAll(): void {
    for (const socket of this.#open) socket.close(1001, 'the service ends');
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher(this.count);
  }
}

/** Makes a server that is not listening yet. */
export function makeServer(parts: ServerParts): Server {
  const server = createServer((request, response) => {
    void respond(parts, request, response);
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', (error) => parts.log.debug({ err: error }, 'a connection broke off'));
    try {
      upgrade(parts, sockets, { request, socket, head });
    } catch (error) {
      parts.log.error({ err: error, url: request.url }, 'a request for a connection failed');
      socket.destroy();
    }
  });
  return server;
}

/** The path of a request's URL as it came, without the query. Anything may have come: it need not be a URL. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0]!;
}

/** The query of a request's URL; empty where there is none. */
export function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams((request.url ?? '').slice(pathOf(request).length));
}

export function sendText(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    ...SECURITY_HEADERS,
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(body);
}

function upgrade(
  parts: ServerParts,
  sockets: WebSocketServer,
  { request, socket, head }: { request: IncomingMessage; socket: Duplex; head: Buffer },
): void {
  const admission = parts.admit(request);
  if (!admission.admitted) return refuseUpgrade(socket, admission.status, admission.body);
  if (pathOf(request) !== '/rpc') return refuseUpgrade(socket, 404, 'There is nothing here.');
  sockets.handleUpgrade(request, socket, head, (webSocket) => converse(parts, webSocket, admission.audience));
}

async function respond(parts: ServerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const admission = parts.admit(request);
    if (!admission.admitted) {
      sendText(response, admission.status, admission.body, admission.headers);
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      sendText(response, 405, 'Only GET is answered here.', { Allow: 'GET, HEAD' });
      return;
    }
    await parts.serveFile(request, response, pathOf(request));
  } catch (error) {
    parts.log.error({ err: error, url: pathOf(request) }, 'a request failed');
    if (response.headersSent) response.destroy();
    else sendText(response, 500, 'That failed; details are in the log.');
  }
}

function refuseUpgrade(socket: Duplex, status: number, body: string): void {
  const reason = status === 404 ? 'Not Found' : status === 401 ? 'Unauthorized' : 'Forbidden';
  const headers = Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\n${headers.join('')}Connection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

/** One connection: greets, answers each message with one reply, passes on events. */
function converse(parts: ServerParts, socket: WebSocket, audience: Audience): void {
  const send = (message: ServiceMessage): void => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      parts.log.warn('a client does not read its events; it is let go');
      return socket.terminate();
    }
    socket.send(JSON.stringify(message));
  };
  parts.connections.add(socket);
  const unsubscribe = parts.events.subscribe((event, payload) => send({ kind: 'event', event, payload }));
  const heartbeat = keepAlive(socket, parts.heartbeatMs ?? HEARTBEAT_MS);
  const word = setInterval(() => send({ kind: 'alive' }), parts.aliveMs ?? ALIVE_MS);
  const asker: Asker = {
    onLeave: (listener) => {
      if (socket.readyState === WebSocket.CLOSED) listener();
      else socket.on('close', listener);
    },
  };
  socket.on('close', () => {
    unsubscribe();
    clearInterval(heartbeat);
    clearInterval(word);
  });
  socket.on('error', (error) => parts.log.info({ err: error }, 'a connection failed'));
  const answerOne = async ({ id, call, input }: ClientMessage): Promise<void> => {
    send({ kind: 'reply', id, reply: await parts.answer(call, input, audience, asker) });
  };
  answerInTurn(socket, (message) =>
    answerOne(message).catch((error: unknown) => {
      parts.log.error({ err: error, call: message.call }, 'an answer could not be sent');
      socket.terminate();
    }),
  );
  const { version: app, library } = parts;
  send({ kind: 'hello', contract: CONTRACT_VERSION, app, pid: process.pid, library: library() });
}

/**
 * Answers what a connection asks, `MAX_CALLS_AT_ONCE` at a time, and begins them one after the other: reading a long history
 * keeps the service busy for a moment, and between two of them others are listened to. While that many are at work nothing
 * more is read.
 */
function answerInTurn(socket: WebSocket, answer: (message: ClientMessage) => Promise<void>): void {
  const waiting: ClientMessage[] = [];
  let atWork = 0;
  let begins = false;
  const next = (): void => {
    const message = begins || atWork === MAX_CALLS_AT_ONCE ? undefined : waiting.shift();
    if (message !== undefined) {
      begins = true;
      setImmediate(() => {
        begins = false;
        next();
      });
      atWork += 1;
      void answer(message).then(() => {
        atWork -= 1;
        next();
      });
    }
    if (atWork === MAX_CALLS_AT_ONCE) socket.pause();
    else if (socket.isPaused) socket.resume();
  };
  socket.on('message', (data: Buffer, isBinary) => {
    const message = isBinary ? null : parseMessage(data);
    if (message === null) return socket.close(1008, 'not a message of the contract');
    waiting.push(message);
    next();
  });
}

function keepAlive(socket: WebSocket, heartbeatMs: number): NodeJS.Timeout {
  let alive = true;
  socket.on('pong', () => (alive = true));
  const timer = setInterval(() => {
    if (socket.isPaused) return; // its answer could not come in
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, heartbeatMs);
  return timer;
}

function parseMessage(data: Buffer): ClientMessage | null {
  let raw: unknown;
  try {
    raw = JSON.parse(data.toString('utf8'));
  } catch {
    return null; // not JSON; the caller ends the connection
  }
  const parsed = ClientMessage.safeParse(raw);
  return parsed.success ? parsed.data : null;
}
