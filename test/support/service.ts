import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { cleanEnvironment } from './electron.ts';
import { root } from './root.ts';
import { fakeJobsService } from './service-process.ts';

const ReadyLine = z.object({ ready: z.literal(true), socket: z.string(), url: z.string().nullable(), pid: z.int() });

/** A service that a test started. */
export interface TestService extends z.infer<typeof ReadyLine> {
  /** Asks it to end, as Ctrl+C does, and waits until it has. */
  stop(): Promise<void>;
}

/** Starts the service as `edm2 serve` does: on a port of its own, for a browser. */
export async function startServing(library: string): Promise<TestService> {
  const main = join(root, 'native-worker/service/main.ts');
  const child = spawn(process.execPath, [main, '--library', library, '--serve', '--port', '0', '--host', '127.0.0.1'], {
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ready = await readyLine(child);
  return { ...ready, stop: () => stopped(child) };
}

/** Starts a service with fake jobs and stand-ins for the pages, which need not be built, as a process of its own. */
export async function startServiceProcess(
  library: string,
  args: string[] = [],
): Promise<TestService & { child: ChildProcess }> {
  const child = spawn(process.execPath, [fakeJobsService, '--library', library, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ready = await readyLine(child);
  return { ...ready, child, stop: () => stopped(child) };
}

function readyLine(child: ChildProcess): Promise<z.infer<typeof ReadyLine>> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the service ended with code ${String(code)} before it was ready`)));
    createInterface(child.stdout!).on('line', (line) => {
      if (line.includes('"ready"')) resolve(ReadyLine.parse(JSON.parse(line)));
    });
  });
}

function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGINT');
  });
}
