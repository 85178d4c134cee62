import { backend } from './binding.ts';
import { compilationNow } from './compilation.ts';
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
