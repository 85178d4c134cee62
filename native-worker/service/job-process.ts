import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { constants, setPriority } from 'node:os';
import type { Readable } from 'node:stream';
import { identityWord, type LibraryIdentity } from '../../contract/library.ts';
import { JobMessage, type JobOutcome, type JobRequest } from '../../contract/job-messages.ts';
import type { JobExit } from './job-end.ts';
import { LastWords } from './last-words.ts';
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
  onExit: (exit: JobExit) => void;
  /** Something is not as it should be, but the job goes on. */
  onWarning: (text: string, details: unknown) => void;
}

/** A chatty library must not fill the disk. */
const MAX_LOG_BYTES = 4 << 20;

/** After its last word a process has this long to leave by itself. */
const LEAVE_MS = 15_000;

/** Children give way to the service, which must answer at once while they compute on all processors. */
const JOB_PRIORITY = constants.priority.PRIORITY_BELOW_NORMAL;

/** How a job's process says which job of which library it is, to itself and to who finds it later. */
export function jobArguments(jobId: number, identity: LibraryIdentity): string[] {
  return ['--identity', identityWord(identity), '--job', String(jobId)];
}

export class JobProcess {
  readonly #child: ChildProcess;
  #outcome: JobOutcome | null = null;

  constructor(options: JobProcessOptions) {
    this.#child = spawn(process.execPath, [options.script, ...options.args], {
      env: options.environment,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      windowsHide: true,
    });
    const lastWords = keepOutput(this.#child, options.logPath);
    const killsBefore = oomKills();
    this.#child.on('message', (raw) => this.#receive(raw, options));
    this.#child.on('error', (error) => options.onWarning('a job process had an error', error));
    let ended = false;
    const end = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
      if (ended) return;
      ended = true;
      const oomKilled = hasRisen(killsBefore, oomKills());
      options.onExit({ outcome: this.#outcome, exitCode, signal, lastLines: lastWords.lines(), oomKilled });
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

  /** Asks it to end in good order, or to measure its next step. It answers when it can: between two training steps. */
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

/** Copies what the child prints into its log file. @returns what is kept of its error output */
function keepOutput(child: ChildProcess, logPath: string): LastWords {
  const log = createWriteStream(logPath, { flags: 'a' });
  log.on('error', () => log.destroy()); // a full disk loses the log, not the job
  let written = 0;
  const copy = (stream: Readable | null): void => {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      if (written > MAX_LOG_BYTES || log.destroyed) return;
      written += Buffer.byteLength(chunk);
      log.write(chunk);
      if (written > MAX_LOG_BYTES) log.write('\n… the rest was left out: it is too much.\n');
    });
  };
  copy(child.stdout);
  copy(child.stderr);
  child.on('close', () => log.end());

  const lastWords = new LastWords();
  child.stderr?.on('data', (text: string) => lastWords.add(text));
  return lastWords;
}

function hasRisen(before: number | null, now: number | null): boolean | null {
  return before === null || now === null ? null : now > before;
}
