import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './root.ts';

/** A worker as another machine would run it: `edm2 worker` in a process of its own. */
export interface WorkerProcess {
  readonly pid: number;
  readonly address: string;
  /** Numbers of the processes that it started. */
  children(): number[];
  signal(signal: NodeJS.Signals): void;
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
}

export const TOKEN = 'token-of-the-tests';

/** Starts one and waits until it listens. */
export async function startWorkerProcess(address: string, args: readonly string[] = []): Promise<WorkerProcess> {
  const child = spawn(
    process.execPath,
    [
      join(root, 'native-worker/cli/main.ts'),
      ...['worker', '--json', '--listen', address, '--trusted-network', '--threads', '1', ...args],
    ],
    { env: { ...process.env, EDM2_WORKER_TOKEN: TOKEN }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  await firstLine(child);
  return {
    pid: child.pid!,
    address,
    children: () => childrenOf(child.pid!),
    signal: (signal) => void child.kill(signal),
    gone: new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve();
      else child.once('exit', () => resolve());
    }),
  };
}

function firstLine(child: ChildProcess): Promise<void> {
  let errors = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (errors += text));
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if ((JSON.parse(line) as { type: string }).type === 'listening') resolve();
    });
    child.once('exit', () => reject(new Error(`the worker ended: ${errors}`)));
  });
}

/** Numbers of the processes that a process started and that are still there. Linux only. */
export function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === pid)
    .map(Number);
}

function parentOf(pid: string): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? null : Number(parent);
  } catch {
    return null; // it ended just now
  }
}

/** Whether a process is there, and no zombie. */
export function isThere(pid: number): boolean {
  return parentOf(String(pid)) !== null;
}

/** So many ports of this machine behind each other that are free. @returns the first */
export async function freePorts(count: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
  throw new Error('no ports are free');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
