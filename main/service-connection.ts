import { get } from 'node:http';
import { connect } from 'node:net';
import { WebSocket, type RawData } from 'ws';
import { ServiceMessage, type Reply } from '../contract/call.ts';
import { CONTRACT_VERSION } from '../contract/calls.ts';
import { AppError } from '../contract/errors.ts';

/** A picture of the library, or the service's refusal. */
export interface FileAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly cacheControl: string;
  readonly body: Buffer;
}

export interface ConnectionEvents {
  onEvent: (name: string, payload: unknown) => void;
  /** Once, after the connection had been open. */
  onClose: () => void;
}

/** Longer than any answer takes; the doctor's self-test is the slowest. */
const REPLY_TIMEOUT_MS = 120_000;
const OPEN_TIMEOUT_MS = 10_000;
/** A sheet of 1024 pictures of 256 pixels is some 150 MB; nothing the service sends is larger. */
const MAX_FILE_BYTES = 2 ** 28;

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly timer: NodeJS.Timeout;
}

/** One connection to a service: calls and their replies by number, events as they come. */
export class ServiceConnection {
  readonly #socket: WebSocket;
  readonly #path: string;
  readonly #events: ConnectionEvents;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  /** Set until the greeting came. */
  #greeted: (() => void) | null = null;
  /** Why the connection was ended from this side. */
  #refusal: AppError | null = null;

  private constructor(path: string, events: ConnectionEvents) {
    this.#path = path;
    this.#events = events;
    this.#socket = new WebSocket('ws://localhost/rpc', {
      createConnection: () => connect(path),
      handshakeTimeout: OPEN_TIMEOUT_MS,
      maxPayload: 2 ** 28,
      perMessageDeflate: false,
    });
    this.#socket.on('message', (data) => this.#receive(data));
  }

  /**
   * Connects and waits for the service's greeting.
   *
   * @param path Unix socket or Windows named pipe
   * @throws {AppError} 'unavailable' if nobody listens, or what listens speaks another version of the contract
   */
  static async open(path: string, events: ConnectionEvents): Promise<ServiceConnection> {
    const connection = new ServiceConnection(path, events);
    const socket = connection.#socket;
    let lost: unknown = new Error('closed before the greeting');
    socket.on('error', (error) => (lost = error));
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => socket.terminate(), OPEN_TIMEOUT_MS);
      connection.#greeted = () => {
        clearTimeout(timer);
        resolve();
      };
      socket.on('close', () => {
        clearTimeout(timer);
        if (connection.#greeted === null) connection.#closed();
        reject(
          connection.#refusal ?? new AppError('unavailable', "EDM2 Studio's service does not answer.", { cause: lost }),
        );
      });
    });
    return connection;
  }

  /** Asks the service; what it answers goes back as it is. Never rejects: a lost connection is an answer, too. */
  call(name: string, input: unknown): Promise<Reply> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answer(id, unavailable(`${name} got no answer`)), REPLY_TIMEOUT_MS);
      this.#waiting.set(id, { resolve, timer });
      this.#socket.send(JSON.stringify({ id, call: name, input }), (error) => {
        if (error != null) this.#answer(id, unavailable('The connection to the service was lost.'));
      });
    });
  }

  /** @param path as `servicePath` gives it */
  file(path: string): Promise<FileAnswer> {
    return new Promise((resolve, reject) => {
      const request = get({ socketPath: this.#path, path, headers: { host: 'localhost' } }, (response) => {
        const parts: Buffer[] = [];
        let size = 0;
        response.on('data', (part: Buffer) => {
          size += part.length;
          if (size > MAX_FILE_BYTES) response.destroy(new Error(`${path} is larger than ${MAX_FILE_BYTES} bytes`));
          else parts.push(part);
        });
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 500,
            contentType: response.headers['content-type'] ?? 'application/octet-stream',
            cacheControl: response.headers['cache-control'] ?? 'no-store',
            body: Buffer.concat(parts),
          }),
        );
      });
      request.on('error', reject);
    });
  }

  close(): void {
    this.#socket.close();
  }

  #receive(data: RawData): void {
    try {
      this.#take(parseMessage(data));
    } catch (error) {
      this.#refusal ??= new AppError('unavailable', 'What answers is not the service of this EDM2 Studio.', {
        cause: error,
      });
      this.#socket.terminate();
    }
  }

  #take(message: ServiceMessage): void {
    switch (message.kind) {
      case 'hello':
        if (message.contract !== CONTRACT_VERSION) {
          this.#refusal = new AppError(
            'unavailable',
            'Another version of EDM2 Studio has this library open. Pause its training, close it, and start again.',
          );
          this.#socket.terminate();
          return;
        }
        this.#greeted?.();
        this.#greeted = null;
        return;
      case 'reply':
        this.#answer(message.id, message.reply);
        return;
      case 'event':
        this.#events.onEvent(message.event, message.payload);
        return;
      default:
        message satisfies never;
    }
  }

  #answer(id: number, reply: Reply): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.resolve(reply);
  }

  #closed(): void {
    for (const id of [...this.#waiting.keys()])
      this.#answer(id, unavailable('The connection to the service was lost.'));
    this.#events.onClose();
  }
}

/** The refusal for everything that can't reach the service. */
export function unavailable(message: string): Reply {
  return { ok: false, code: 'unavailable', message };
}

/** @throws {ZodError} for anything that is not a message of the contract: the service is not ours, or broken */
function parseMessage(data: RawData): ServiceMessage {
  const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
  return ServiceMessage.parse(JSON.parse(bytes.toString('utf8')));
}
