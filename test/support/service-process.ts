import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './root.ts';

/** Services as processes of their own, as they are started for real. */

export type Line = Record<string, unknown>;

export interface Started {
  child: ChildProcess;
  /** The line that it prints when it can be spoken to, or can't. */
  line: Promise<Line>;
  exit: Promise<number | null>;
  /** What it wrote to its error output so far. */
  stderr: () => string;
}

const main = join(root, 'native-worker/service/main.ts');

/** The same with fake jobs, which load no TensorFlow. */
export const fakeJobsService = join(root, 'test/support/fake-jobs-service.ts');

/** Starts services and ends those that still live. */
export class ServiceProcesses {
  readonly #started: ChildProcess[] = [];

  /** @param variables of its environment, beside ours */
  start(folder: string, args: string[] = [], script = main, variables: Record<string, string> = {}): Started {
    const child = spawn(process.execPath, [script, '--library', folder, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...variables },
    });
    this.#started.push(child);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const line = new Promise<Line>((resolve) => {
      createInterface(child.stdout).once('line', (text) => resolve(JSON.parse(text) as Line));
    });
    return { child, line, exit, stderr: () => stderr };
  }

  async end(): Promise<void> {
    for (const child of this.#started.splice(0)) await killed(child);
  }
}

export function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
