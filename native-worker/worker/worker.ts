import { createHash, timingSafeEqual } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type * as z from 'zod';
import { cardsOf, hostOfAddress, isCard, portOf } from '../../contract/devices.ts';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import * as calls from '../../contract/machines.ts';
import { authorization } from '../client/worker-client.ts';
import { chosenRuntime } from '../engine/runtime/choice.ts';
import { HIDDEN, jobEnvironment } from '../engine/runtime/environment.ts';
import { namedGpus, readGpus, visibleOf } from '../engine/runtime/gpu.ts';
import { needRuntime } from '../engine/runtime/status.ts';
import { Events } from '../service/events.ts';
import { answerWith, handler, type Asker, type Handler } from '../service/handle.ts';
import { appVersion } from '../service/program-files.ts';
import { isLoopback } from '../service/security.ts';
import { Connections, makeServer, sendText, type Admission } from '../service/server.ts';
import { unreached } from '../system/reach.ts';
import { ownOffer } from './offer.ts';
import { startLender, type Lender } from './lender.ts';

/** The service of a machine that lends its devices to runs of another (`edm2 worker`). */

export interface WorkerOptions {
  /** Where it listens, "gpu-box:7900"; TensorFlow's server of a run listens on the port behind, on every interface. */
  readonly address: string;
  /** Who asks must know it. */
  readonly token: string;
  /** Threads of TensorFlow's kernels; null: one per physical core. */
  readonly threads: number | null;
  /** A machine that is silent so long, in ms, is asked whether it lives; so long again, and its run is ended here. */
  readonly silenceMs: number;
  readonly log: Logger;
  /** Ends by itself if nobody whom it belongs to (`endWithMe`) comes within so many ms; absent: it waits for ever. */
  readonly ownerWithinMs?: number | undefined;
  /** Is told what happens, in a sentence. */
  readonly tell: (text: string) => void;
}

export interface RunningWorker {
  /** Takes no other run, and ends when the one that computes here has left. */
  leaveAfterRun(): void;
  stop(): Promise<void>;
  /** Resolves when it has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

/**
 * Starts the service of a worker.
 *
 * @throws {AppError} 'port-in-use', 'invalid-input' for an address that isn't this machine's, 'forbidden' for a port that
 *   takes more rights; 'runtime' if TensorFlow isn't installed
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { address, log } = options;
  await needRuntime((await chosenRuntime()).runtime);
  let tellEnd = (): void => undefined;
  const ended = new Promise<void>((resolve) => (tellEnd = resolve));
  const lent = new Lent(options);
  const connections = new Connections();
  const stop = async (): Promise<void> => {
    clearTimeout(ownerTimer);
    connections.closeAll();
    server.close();
    server.closeAllConnections();
    await lent.take();
    tellEnd();
  };
  let ownerTimer: NodeJS.Timeout | undefined;
  const server = makeServer({
    version: appVersion(),
    library: () => null,
    admit: (request) => admit(request, options.token),
    answer: answerWith(
      handlers(options, lent, {
        come: () => clearTimeout(ownerTimer),
        left: () => void stop(),
      }),
      log,
    ),
    events: new Events(),
    connections,
    log,
    heartbeatMs: options.silenceMs,
    serveFile: (_request, response) => {
      sendText(response, 404, 'There is nothing here.');
      return Promise.resolve();
    },
  });
  const host = await interfaceOf(hostOfAddress(address));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(readable(error, address)));
    server.listen({ ...(host === null ? {} : { host }), port: portOf(address), exclusive: true }, () => resolve());
  });
  const { ownerWithinMs } = options;
  if (ownerWithinMs !== undefined) ownerTimer = setTimeout(() => void stop(), ownerWithinMs);
  const leaveAfterRun = (): void => void lent.close().then(stop);
  return { leaveAfterRun, stop, ended };
}

/** Whom a worker belongs to: it comes, and one day it leaves. */
interface Owner {
  readonly come: () => void;
  readonly left: () => void;
}

/**
 * The interface that a name stands for; null: all. Debian and its kin give a machine's own name an address that only the
 * machine itself reaches (127.0.1.1), where nobody who asks by that name is meant to come in.
 */
async function interfaceOf(host: string): Promise<string | null> {
  if (isLoopback(host)) return host;
  const found = await lookup(host).catch(() => null);
  return found !== null && isLoopback(found.address) ? null : host;
}

/** Whoever knows the token, but no web page: those say where they come from. */
function admit({ headers }: IncomingMessage, token: string): Admission {
  const known = timingSafeEqual(digest(headers.authorization ?? ''), digest(authorization(token)));
  if (known && headers.origin === undefined) return { admitted: true, audience: 'page' };
  return {
    admitted: false,
    status: 401,
    body: 'This is a worker of EDM2 Studio. It asks for the token that it printed.',
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function handlers(options: WorkerOptions, lent: Lent, owner: Owner): Handler[] {
  return [
    handler(calls.offer, async () => ({ ...(await ownOffer()), busy: lent.busy })),
    handler(calls.reach, async ({ addresses }) => ({ unreached: await unreached(addresses) })),
    handler(calls.join, async (asked, asker) => {
      await lent.lend(asked, asker);
      return {};
    }),
    handler(calls.lives, ({ withinMs }) => lent.lives(withinMs)),
    handler(calls.watch, async () => ({ end: await lent.ended() })),
    handler(calls.endWithMe, (_input, asker) => {
      owner.come();
      asker.onLeave(() => {
        options.tell('The machine that this worker serves has left.');
        owner.left();
      });
      return {};
    }),
  ];
}

/** What a run asks for. */
type Lease = z.output<typeof calls.join.input>;

/** The one run at a time that this machine's devices are lent to. */
class Lent {
  readonly #options: WorkerOptions;
  #lender: Lender | null = null;
  /** How the process of the run ended by itself; null: it didn't. */
  #end: string | null = null;
  #busy = false;
  /** Resolves it when the last run has left; null: others may come. */
  #closing: (() => void) | null = null;

  constructor(options: WorkerOptions) {
    this.#options = options;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** @throws {AppError} 'conflict' while another run computes here; what `startLender` throws */
  async lend(asked: Lease, asker: Asker): Promise<void> {
    const { address, threads, silenceMs, tell } = this.#options;
    if (this.#busy) throw new AppError('conflict', `Another run computes at ${address}. Wait until it has ended.`);
    if (this.#closing !== null) throw new AppError('conflict', `The worker at ${address} is about to end.`);
    this.#busy = true;
    this.#end = null;
    const left = new AbortController();
    asker.onLeave(() => left.abort());
    const cards = asked.devices.some(isCard);
    const lending = { hosts: asked.hosts, task: asked.task, cards, devices: asked.devices.length };
    try {
      const how = { environment: await environmentFor(asked, threads), withinMs: asked.withinMs, signal: left.signal };
      this.#lender = await startLender(lending, how);
    } catch (error) {
      this.#free();
      throw error;
    }
    const lender = this.#lender;
    const watchdog = setInterval(() => void endIfSilent(lender, silenceMs), silenceMs);
    void lender.ended.then((end) => {
      clearInterval(watchdog);
      this.#end = end;
      if (this.#lender === lender) tell(`The process of the run is gone: ${end}.`);
    });
    tell(`A run computes on ${asked.devices.join(', ')}.`);
    const leave = (): void => {
      tell('The run has left.');
      void this.take();
    };
    if (left.signal.aborted) leave();
    else left.signal.addEventListener('abort', leave);
  }

  /** How the process of the run ended, when it has. */
  async ended(): Promise<string> {
    return this.#end ?? (await this.#lender?.ended) ?? 'it was not there';
  }

  async lives(withinMs: number): Promise<{ lives: boolean; end: string | null }> {
    const lives = this.#end === null && ((await this.#lender?.lives(withinMs)) ?? false);
    return { lives, end: this.#end };
  }

  /** Takes the devices back: from then on another run may come, whose process finds its port free. */
  async take(): Promise<void> {
    const lender = this.#lender;
    this.#lender = null;
    await lender?.end();
    this.#free();
  }

  #free(): void {
    this.#busy = false;
    this.#closing?.();
  }

  /** Takes no other run. Resolves when the one that there is has left. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#closing = resolve;
      if (!this.#busy) resolve();
    });
  }
}

/** A process that was stopped keeps its run waiting, and nobody would know why. */
async function endIfSilent(lender: Lender, silenceMs: number): Promise<void> {
  if (!(await lender.lives(silenceMs))) await lender.end();
}

/** Of the process that lends devices. */
async function environmentFor(
  { devices, precision, deterministic }: Lease,
  threads: number | null,
): Promise<Record<string, string>> {
  const { runtime } = await chosenRuntime();
  const wanted = cardsOf(devices);
  const visible = wanted.length === 0 ? HIDDEN : visibleOf(namedGpus(await readGpus(), wanted));
  return jobEnvironment({ runtime, threads, gpu: { visible }, precision, deterministic });
}

function readable(error: Error, address: string): Error {
  if (hasSystemCode(error, 'EADDRINUSE'))
    return new AppError('port-in-use', `${address} is taken by another program. Choose another port.`, {
      cause: error,
    });
  if (hasSystemCode(error, 'EADDRNOTAVAIL') || hasSystemCode(error, 'ENOTFOUND'))
    return new AppError(
      'invalid-input',
      `${hostOfAddress(address)} is no address of this machine. Name the one under which the other machine reaches it.`,
      { cause: error },
    );
  if (hasSystemCode(error, 'EACCES'))
    return new AppError('forbidden', `${address} needs more rights. Choose a port above 1023.`, { cause: error });
  return error;
}
