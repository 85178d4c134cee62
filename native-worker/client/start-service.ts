import { spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { AppError, errorCodes } from '../../contract/errors.ts';

/** The line that a service process prints when it can be spoken to, or when it can't be. */
const ServiceLine = z.discriminatedUnion('ready', [
  z.object({ ready: z.literal(true), socket: z.string(), pid: z.int(), url: z.string().nullable() }),
  z.object({ ready: z.literal(false), code: z.enum(errorCodes), message: z.string() }),
]);

/** A library that must be checked after a crash, or migrated, makes its service start slowly. */
const START_TIMEOUT_MS = 120_000;

export interface StartOptions {
  /** Our own Node, and what it runs. */
  readonly node: string;
  readonly entry: string;
  /** Arguments beside `--exit-when-idle`. */
  readonly args: readonly string[];
  /** File for what the service writes to its error output; its folder exists. */
  readonly errorLog: string;
  /** The whole environment; default: that of this process. */
  readonly environment?: Record<string, string>;
}

/**
 * Starts a service process and waits until it can be spoken to. It outlives this process as long as something runs in
 * it. Where the library has a service already, that one's socket is the answer.
 *
 * @throws {AppError} what the service said when it could not start; 'unavailable' if it said nothing
 */
export async function startService(options: StartOptions): Promise<{ socket: string; pid: number }> {
  const errors = openSync(options.errorLog, 'a');
  const before = fstatSync(errors).size;
  // A session of its own: training goes on when this process is closed or crashes, and Ctrl+C in a terminal is for us.
  const child = spawn(options.node, [options.entry, '--exit-when-idle', ...options.args], {
    detached: true,
    stdio: ['ignore', 'pipe', errors],
    env: options.environment ?? process.env,
    windowsHide: true,
  });
  closeSync(errors);
  const output = child.stdout!; // there, because stdio says 'pipe'
  const line = await new Promise<z.infer<typeof ServiceLine> | null>((resolve) => {
    const timer = setTimeout(() => settle(null), START_TIMEOUT_MS);
    const settle = (found: z.infer<typeof ServiceLine> | null): void => {
      clearTimeout(timer);
      resolve(found);
    };
    child.once('error', () => settle(null));
    createInterface(output)
      .on('line', (text) => {
        const parsed = parseLine(text);
        if (parsed !== null) settle(parsed);
      })
      .once('close', () => settle(null)); // after its last line was read
  });
  child.unref();
  output.destroy();
  if (line === null) {
    const words = lastWords(options.errorLog, before);
    throw new AppError(
      'unavailable',
      `EDM2 Studio's service did not start. ${words === '' ? `${options.errorLog} may say why.` : words}`,
    );
  }
  if (!line.ready) throw new AppError(line.code, line.message);
  return line;
}

function parseLine(text: string): z.infer<typeof ServiceLine> | null {
  try {
    return ServiceLine.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null; // some other line
  }
}

/** The last line that this service wrote: the sentence it failed with. What lies before in the log is of earlier ones. */
function lastWords(errorLog: string, before: number): string {
  return readFileSync(errorLog).subarray(before).toString('utf8').trim().split('\n').at(-1) ?? '';
}
