import { WebSocket } from 'ws';
import type * as z from 'zod';
import type { Call } from '../../contract/call.ts';
import { CONTRACT_VERSION } from '../../contract/calls.ts';
import { AppError } from '../../contract/errors.ts';
import { RpcClient, valueOf, type Wire } from '../../contract/rpc-client.ts';

/** A connection to a worker (`edm2 worker`) on another machine. */
export interface WorkerClient {
  readonly address: string;
  /** Of the app there. */
  readonly version: string;
  /** @throws {AppError} with the code that the worker answered; 'unavailable' if there is no answer */
  call<I extends z.ZodType, O extends z.ZodType>(
    call: Call<I, O>,
    input: z.input<I>,
    timeoutMs?: number,
  ): Promise<z.output<O>>;
  close(): void;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
}

/** How a program is known to a worker: beside this nobody is let in. */
export const authorization = (token: string): string => `Bearer ${token}`;

/** A worker that is silent so long is asked whether it lives; so long again, and the connection is given up. */
const HEARTBEAT_MS = 15_000;

/**
 * Connects to a worker and waits for its greeting.
 *
 * @param address     "gpu-box:7900"
 * @param token       that the worker printed
 * @param heartbeatMs a parameter for tests
 * @throws {AppError} 'unavailable' if nobody answers there; 'forbidden' if the token is wrong; 'conflict' if the worker is of
 *   another version of the app
 */
export async function openWorker(address: string, token: string, heartbeatMs = HEARTBEAT_MS): Promise<WorkerClient> {
  const { wire, refused } = openWire(address, token, heartbeatMs);
  const rpc = new RpcClient(wire, () => undefined);
  let version: string;
  try {
    const hello = await rpc.greeting;
    version = hello.app;
    if (hello.contract !== CONTRACT_VERSION) throw otherVersion(address, version);
  } catch (error) {
    rpc.close();
    if (refused() === 401) throw wrongToken(address);
    if (!(error instanceof AppError) || error.code !== 'unavailable') throw error;
    throw silent(address, error);
  }
  return {
    address,
    version,
    closed: rpc.closed,
    call: async (call, input, timeoutMs = call.timeoutMs) => {
      const reply = await rpc.call(call.name, input, timeoutMs);
      if (!reply.ok && reply.code === 'unavailable') throw silent(address);
      return valueOf(call, reply);
    },
    close: () => rpc.close(),
  };
}

function silent(address: string, cause?: AppError): AppError {
  const why = cause?.cause instanceof Error ? ` (${cause.cause.message})` : '';
  return new AppError(
    'unavailable',
    `No worker answers at ${address}${why}. Start \`edm2 worker --listen ${address} --trusted-network\` there, and look whether a firewall lies between.`,
    { cause },
  );
}

function wrongToken(address: string): AppError {
  return new AppError(
    'forbidden',
    `The worker at ${address} has another token. It prints it when it starts, or takes EDM2_WORKER_TOKEN: give that one here.`,
  );
}

/** What to say of a worker of another version of the app. */
export function otherVersion(address: string, version: string): AppError {
  return new AppError(
    'conflict',
    `The worker at ${address} is of another version of EDM2 Studio (${version}). Install the same on both machines.`,
  );
}

function openWire(
  address: string,
  token: string,
  heartbeatMs: number,
): { readonly wire: Wire; readonly refused: () => number | null } {
  const socket = new WebSocket(`ws://${address}/rpc`, {
    headers: { authorization: authorization(token) },
    perMessageDeflate: false,
  });
  let failure: unknown;
  let status: number | null = null;
  socket.on('error', (error) => (failure ??= error)); // 'close' follows
  socket.on('unexpected-response', (_request, response) => {
    status = response.statusCode ?? null;
    failure = new Error(`it answered with status ${String(status)}`);
    socket.terminate();
  });
  const stop = keepAlive(socket, heartbeatMs);
  const wire: Wire = {
    send: (text) => socket.send(text),
    onMessage: (listener) => socket.on('message', (data: Buffer) => listener(data.toString('utf8'))),
    onClose: (listener) =>
      socket.on('close', () => {
        stop();
        listener(failure);
      }),
    close: () => socket.close(),
  };
  return { wire, refused: () => status };
}

/** A machine that was switched off, or cut off, says nothing: it is asked. @returns what ends that */
function keepAlive(socket: WebSocket, heartbeatMs: number): () => void {
  let alive = true;
  socket.on('pong', () => (alive = true));
  const timer = setInterval(() => {
    if (socket.readyState !== WebSocket.OPEN) return;
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, heartbeatMs);
  timer.unref();
  return () => clearInterval(timer);
}
