import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A display to open windows on. */
export interface Display {
  /** As the variable DISPLAY says it. */
  readonly name: string;
  stop(): void;
}

/** Whether Xvfb is installed. */
export function hasVirtualDisplay(): boolean {
  return spawnSync('Xvfb', ['-help'], { stdio: 'ignore' }).error === undefined;
}

/**
 * Starts a display of memory alone, at a size at which screenshots are worth a look. Windows of tests never appear on
 * the screen of who runs them.
 *
 * @throws {Error} if Xvfb is missing or ends at once
 */
export async function startDisplay(): Promise<Display> {
  const xvfb = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1440x1000x24', '-nolisten', 'tcp', '-noreset'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const number = await displayNumber(xvfb);
  return { name: `:${number}`, stop: () => void xvfb.kill() };
}

/** Xvfb writes the number of the display that it found free when it is ready. */
function displayNumber(xvfb: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    xvfb.once('error', reject);
    xvfb.once('exit', (code) => reject(new Error(`Xvfb ended with code ${String(code)}`)));
    createInterface(xvfb.stdio[3] as NodeJS.ReadableStream).once('line', resolve);
  });
}
