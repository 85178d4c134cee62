/** Running other programs to their end. */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { AppError, hasSystemCode } from '../../../contract/errors.ts';

export interface ChildOptions {
  /** The whole environment; default: this process's. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly folder?: string;
  /** Ends the program when aborted; `runChild` then throws 'cancelled'. */
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
}

export interface ChildResult {
  /** Exit status; null where a signal ended it. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of each stream this many last characters are kept: enough for every error text. */
const KEPT_CHARACTERS = 200_000;

/**
 * Runs a program without a shell and without input, and waits for its end.
 *
 * @returns how it ended and what it said; null where there is no such program
 * @throws {AppError} 'cancelled' if `signal` was aborted
 */
export async function runChild(
  command: string,
  args: readonly string[],
  options: ChildOptions = {},
): Promise<ChildResult | null> {
  const { signal } = options;
  if (signal?.aborted === true) throw new AppError('cancelled', `${command} was not started: cancelled`);
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.folder,
      env: options.environment ?? process.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      // Where no file can be opened any more there are no pipes, and 'error' is to come.
      (child[name] as Readable | null)?.setEncoding('utf8').on('data', (chunk: string) => {
        text[name] = (text[name] + chunk).slice(-KEPT_CHARACTERS);
      });
    }
    const stop = () => child.kill();
    signal?.addEventListener('abort', stop, { once: true });
    // Node's own `timeout` option would keep us alive that long where there is no such program.
    const timer = options.timeoutMs === undefined ? null : setTimeout(stop, options.timeoutMs);
    const cleanUp = () => {
      signal?.removeEventListener('abort', stop);
      if (timer !== null) clearTimeout(timer);
    };
    child.on('error', (error) => {
      cleanUp();
      if (hasSystemCode(error, 'ENOENT') || hasSystemCode(error, 'EACCES')) resolve(null);
      else reject(error);
    });
    child.on('close', (status, ended) => {
      cleanUp();
      if (signal?.aborted === true) reject(new AppError('cancelled', `${command} was stopped: cancelled`));
      else resolve({ status, signal: ended, ...text });
    });
  });
}
