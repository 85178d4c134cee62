import { availableParallelism } from 'node:os';
import { tf } from './tensorflow.ts';

/** What TensorFlow computes on. */
export interface Device {
  /** In words: "CPU, 2 threads", "NVIDIA GeForce RTX 4090". */
  readonly words: string;
  readonly gpu: boolean;
  /** A GPU was wanted and the CPU came. */
  readonly fellBack: boolean;
}

/**
 * Asks the loaded TensorFlow which device it took.
 *
 * @param wanted  name of the GPU that the runtime was chosen for; null: the CPU was wanted
 * @param threads threads of the CPU kernels; undefined: TensorFlow's default, one per logical processor
 */
export function describeDevice(wanted: string | null, threads: number | undefined): Device {
  const gpu = (tf.backend() as unknown as { isUsingGpuDevice: boolean }).isUsingGpuDevice;
  if (gpu) return { words: wanted ?? 'GPU', gpu, fellBack: false };
  const count = threads ?? availableParallelism();
  return { words: `CPU, ${count} ${count === 1 ? 'thread' : 'threads'}`, gpu, fellBack: wanted !== null };
}
