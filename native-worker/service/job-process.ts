import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import type { ErrorCode } from '../../contract/errors.ts';
import { JobMessage, type JobOutcome, type JobRequest } from '../../contract/job-messages.ts';
import { oomKills } from './oom-kills.ts';

/** One job's child process, from its start to its exit. */

export interface JobProcessOptions {
  /** Program and arguments; the program is Node. */
  script: string;
  args: string[];
  /** All of it; nothing else is inherited. */
  environment: Record<string, string>;
  /** What the process prints goes there. */
  logPath: string;
  onMessage: (message: JobMessage) => void;
  /** Called once, after the process is gone. */
  onExit: (end: JobEnding) => void;
  /** Something is not as it should be, but the job goes on. */
  onWarning: (text: string, details: unknown) => void;
}

/** How a job process went: with a last word, or without. */
export type JobEnding =
  | { kind: 'outcome'; outcome: JobOutcome }
  | Crash
  /** We killed it, because it was asked to end and could not hear that yet. */
  | { kind: 'cut'; asked: JobRequest['type'] };

export interface Crash {
  kind: 'crash';
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** Of its error output. */
  lastLines: string[];
  /** While it ran the system killed a process for want of memory; null: the system does not tell. */
  oomKilled: boolean | null;
}

/** A chatty library must not fill the disk. */
const MAX_LOG_BYTES = 4 << 20;

/** Of its error output the last lines are kept: they tell why it crashed. */
const LAST_LINES = 12;
const MAX_LINE = 400;

/** After its last word a process has this long to leave by itself. */
const LEAVE_MS = 15_000;

/** Children give way to the service, which must answer at once while they compute on all processors. */
const JOB_PRIORITY = constants.priority.PRIORITY_BELOW_NORMAL;

export class JobProcess {
  readonly #child: ChildProcess;
  #outcome: JobOutcome | null = null;

  constructor(options: JobProcessOptions) {
    this.#child = spawn(process.execPath, [options.script, ...options.args], {
      env: options.environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      windowsHide: true,
    });
    const lastLines = keepOutput(this.#child, options.logPath);
    const killsBefore = oomKills();
    this.#child.on('message', (raw) => this.#receive(raw, options));
    this.#child.on('error', (error) => options.onWarning('a job process had an error', error));
    let ended = false;
    const end = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
      if (ended) return;
      ended = true;
      options.onExit(
        this.#outcome === null
          ? { kind: 'crash', exitCode, signal, lastLines: lastLines(), oomKilled: hasRisen(killsBefore, oomKills()) }
          : { kind: 'outcome', outcome: this.#outcome },
      );
    };
    this.#child.on('close', end);
    // A program that could not be started at all has no exit to wait for.
    this.#child.on('error', () => {
      if (this.#child.pid === undefined) end(null, null);
    });
    this.#giveWay(options);
  }

  /** null if it could not be started. */
  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** Asks it to end in good order. It answers when it can: between two training steps. */
  request(type: JobRequest['type']): void {
    if (this.#child.connected) this.#child.send({ type } satisfies JobRequest);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #receive(raw: unknown, options: JobProcessOptions): void {
    const parsed = JobMessage.safeParse(raw);
    if (!parsed.success) return options.onWarning('a job sent a message that is none', parsed.error);
    if (parsed.data.type === 'ended') {
      this.#outcome = parsed.data.outcome;
      const timer = setTimeout(() => this.kill(), LEAVE_MS);
      this.#child.once('exit', () => clearTimeout(timer));
    }
    options.onMessage(parsed.data);
  }

  #giveWay(options: JobProcessOptions): void {
    if (this.#child.pid === undefined) return;
    try {
      setPriority(this.#child.pid, JOB_PRIORITY);
    } catch (error) {
      options.onWarning('a job runs at normal priority', error);
    }
  }
}

/** Copies what the child prints into its log file. @returns the last lines of its error output */
function keepOutput(child: ChildProcess, logPath: string): () => string[] {
  mkdirSync(dirname(logPath), { recursive: true });
  const log = createWriteStream(logPath, { flags: 'a' });
  log.on('error', () => log.destroy()); // a full disk loses the log, not the job
  let written = 0;
  const copy = (stream: Readable | null): void => {
    stream?.on('data', (chunk: Buffer) => {
      if (written > MAX_LOG_BYTES || log.destroyed) return;
      written += chunk.length;
      log.write(chunk);
      if (written > MAX_LOG_BYTES) log.write('\n… the rest was left out: it is too much.\n');
    });
  };
  copy(child.stdout);
  copy(child.stderr);
  child.on('close', () => log.end());

  let tail = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    tail = (tail + chunk.toString('utf8')).slice(-LAST_LINES * MAX_LINE);
  });
  return () =>
    tail
      .split('\n')
      .map((line) => line.trimEnd().slice(0, MAX_LINE))
      .filter((line) => line !== '')
      .slice(-LAST_LINES);
}

function hasRisen(before: number | null, now: number | null): boolean | null {
  return before === null || now === null ? null : now > before;
}

/** What a library prints that finds no memory: C++, Node, TensorFlow, the loader. */
const NO_MEMORY =
  /std::bad_alloc|out of memory|OOM when allocating|cannot allocate memory|Array buffer allocation failed/i;

/**
 * What the system says of a process that ended without a last word.
 *
 * @param what   names it ("The training process")
 * @param advice what to do if memory was too small, a sentence
 */
export function crashFailure(what: string, end: Crash, advice: string): { code: ErrorCode; message: string } {
  const killed = end.signal === 'SIGKILL' || end.exitCode === 137;
  if (NO_MEMORY.test(end.lastLines.join('\n'))) {
    return { code: 'out-of-memory', message: `${what} ran out of memory. ${advice}` };
  }
  if (killed && end.oomKilled === true) {
    return { code: 'out-of-memory', message: `${what} was killed by the system because memory ran out. ${advice}` };
  }
  if (killed) {
    const message = `${what} was killed (SIGKILL) from outside: by a person, or by a watchdog because memory ran short. In that case: ${advice}`;
    return { code: 'internal', message };
  }
  const message =
    end.signal !== null
      ? `${what} crashed (${end.signal}). Its last words are in the log.`
      : end.exitCode === null
        ? `${what} could not be started. Details are in the service's log.`
        : `${what} ended unexpectedly with exit code ${end.exitCode}. Its last words are in the log.`;
  return { code: 'internal', message };
}
