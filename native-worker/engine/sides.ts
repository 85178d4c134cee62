import { AppError } from '../../contract/errors.ts';
import { backend } from './binding.ts';
import { compilationNow } from './compilation.ts';
import type { RunLimit, SessionOptions } from './session/options.ts';
import { sharedSession } from './session/shared-session.ts';
import { taskName } from './session/task-name.ts';

/** How a batch goes through a network on this device. */
export interface Sides {
  /** Parts of the batch that are computed side by side, equally large. */
  readonly count: number;
  /** Threads inside each of TensorFlow's kernels; null: those of the process. */
  readonly threads: number | null;
}

/** The whole batch at once, every kernel with all threads of the process. */
export const wholeBatch: Sides = { count: 1, threads: null };

/** How a program that evaluates a network on a batch is recorded and run in this process. */
export interface Execution {
  readonly sides: number;
  /** Whether its layers are one compiled function (`ProgramSpec.compiled`), which has no sides. */
  readonly compiled: boolean;
  readonly session: SessionOptions;
}

/** Processes that compute together, each with a server of TensorFlow's; this one is the first. */
export interface Joined {
  /** Of sessions that have the devices of all (`startServer`). */
  readonly target: string;
  /** How many devices each process has, in the order of their tasks. */
  readonly devices: readonly number[];
  readonly limit: RunLimit;
}

/**
 * How several devices run one program together: each its share of the batch, as a whole. XLA compiles networks on one device
 * only. On the processor each device gets its share of the threads.
 *
 * @param devices of this process
 */
export function executionOn(devices: number, environment = process.env): Execution {
  return { sides: 1, compiled: false, session: sharedSession(backend().isUsingGpuDevice, devices, environment) };
}

/** The same for a session over all processes. */
export function executionAcross({ target, devices, limit }: Joined): Execution {
  const execution = executionOn(devices[0]!);
  return { ...execution, session: { ...execution.session, target, limit } };
}

/**
 * TensorFlow's names of devices that share a batch.
 *
 * @param counts how many each process has; one number: there is one process, and no server
 */
export function deviceNames(counts: readonly number[]): string[] {
  const kind = backend().isUsingGpuDevice ? 'GPU' : 'CPU';
  return counts.flatMap((count, task) =>
    Array.from({ length: count }, (_, index) => `${counts.length === 1 ? '' : taskName(task)}/device:${kind}:${index}`),
  );
}

/**
 * TensorFlow computes on another device where one isn't there, so it is asked first.
 *
 * @param names by `deviceNames`
 * @throws {AppError} 'runtime'
 */
export async function checkDevices(session: { devices(): Promise<string[]> }, names: readonly string[]): Promise<void> {
  if (names.length === 1) return;
  const there = await session.devices();
  if (names.every((name) => there.includes(name))) return;
  throw new AppError(
    'runtime',
    `Batches are to be shared among ${names.length} devices, but TensorFlow finds ${there.join(' ')}. Look whether nvidia-smi lists them all, or name fewer.`,
  );
}

/** @param pictures of the batch */
export function executionOf(pictures: number): Execution {
  const compile = compilationNow();
  const compiled = compile === 'network';
  const { count, threads } = compiled ? wholeBatch : sidesFor(pictures);
  return { sides: count, compiled, session: { intraOpThreads: threads, clusters: compile === 'clusters' } };
}

/**
 * On a processor two halves of a batch side by side, each with half of the threads, are faster than one batch whose
 * kernels take all of them: no thread waits for another at the end of each op (docs/performance.md, "Two halves side by
 * side"). A GPU fills itself with one batch.
 *
 * @param pictures of the batch; an odd number stays whole
 */
export function sidesFor(pictures: number, environment = process.env): Sides {
  const threads = Number(environment.TF_NUM_INTRAOP_THREADS ?? 1);
  if (backend().isUsingGpuDevice || threads < 2 || pictures % 2 === 1) return wholeBatch;
  return { count: 2, threads: Math.ceil(threads / 2) };
}
