import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { root } from '../support/root.ts';

/** One line of `--json`, or of the reference cases. */
export type Line = Readonly<Record<string, unknown>>;

export interface Told {
  /** Exit status; null: it was ended, because its time was over. */
  readonly status: number | null;
  readonly lines: readonly Line[];
  /** The end of what it wrote to its error output. */
  readonly errors: string;
}

const KEPT_CHARACTERS = 4000;

/** Runs a program of ours that answers in lines of JSON. @param seconds after which it is interrupted, and then killed */
export function tell(
  script: string,
  args: readonly string[],
  seconds: number,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Told> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, script), ...args], {
      cwd: root,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines: Line[] = [];
    let errors = '';
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) lines.push(JSON.parse(line) as Line);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-KEPT_CHARACTERS)));
    const timers = [
      setTimeout(() => child.kill('SIGINT'), 1000 * seconds),
      setTimeout(() => child.kill('SIGKILL'), 1000 * (seconds + 10)),
    ];
    const done = (): void => timers.forEach((timer) => clearTimeout(timer));
    child.on('error', (error) => {
      done();
      reject(error);
    });
    child.on('close', (status) => {
      done();
      resolve({ status, lines, errors: errors.trim() });
    });
  });
}

/** `edm2 … --json` with a library of its own. */
export function edm2(library: string, args: readonly string[], seconds: number): Promise<Told> {
  return tell('native-worker/cli/main.ts', [...args, '--json', '--library', library], seconds);
}

/** The last line of a type. @throws {Error} with what the program said instead */
export function lineOf({ lines, errors, status }: Told, type: string): Line {
  const found = lines.findLast((line) => line.type === type);
  if (found !== undefined) return found;
  const error = lines.findLast((line) => line.type === 'error');
  throw new Error(typeof error?.message === 'string' ? error.message : `it ended (${status ?? 'killed'}): ${errors}`);
}
