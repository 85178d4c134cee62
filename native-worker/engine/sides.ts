import { AppError } from '../../contract/errors.ts';
import { backend } from './binding.ts';
import { compilationNow } from './compilation.ts';
import { NCCL } from './runtime/gpu-libraries.ts';
import { canLoad } from './session/c-api.ts';
import type { SessionOptions } from './session/options.ts';

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

/**
 * How several devices run one program together: each its share of the batch, as a whole. XLA compiles networks on one device
 * only. On the processor each device gets its share of the threads.
 */
export function executionOn(devices: number, environment = process.env): Execution {
  if (backend().isUsingGpuDevice) {
    return { sides: 1, compiled: false, session: { collectives: canLoad(NCCL) ? 'nccl' : 'ring' } };
  }
  const threads = Number(environment.TF_NUM_INTRAOP_THREADS ?? 1);
  const session = { processors: devices, intraOpThreads: Math.max(1, Math.floor(threads / devices)) };
  return { sides: 1, compiled: false, session: { ...session, collectives: 'ring' } };
}

/** TensorFlow's names of the devices of a session that `executionOn` describes. */
export function deviceNames(devices: number): string[] {
  const kind = backend().isUsingGpuDevice ? 'GPU' : 'CPU';
  return Array.from({ length: devices }, (_, index) => `/device:${kind}:${index}`);
}

/**
 * TensorFlow computes on another device where one isn't there, so it is asked first.
 *
 * @throws {AppError} 'runtime'
 */
export function checkDevices(session: { devices(): string[] }, devices: number): void {
  const there = session.devices();
  const missing = deviceNames(devices).filter((name) => !there.includes(name));
  if (devices === 1 || missing.length === 0) return;
  throw new AppError(
    'runtime',
    `Batches are to be shared among ${devices} devices, but TensorFlow finds ${there.join(' ')}. Look whether nvidia-smi lists them all, or name fewer.`,
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
