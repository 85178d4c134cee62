import { availableParallelism } from 'node:os';
import { backend } from './binding.ts';
import { readGpus, usedGpu } from './runtime/gpu.ts';

/** What TensorFlow computes on. */
export interface Device {
  /** In words: "CPU, 2 threads", "NVIDIA GeForce RTX 4090". */
  readonly words: string;
  /** A GPU was wanted and the CPU came. */
  readonly fellBack: boolean;
}

/**
 * Asks the loaded TensorFlow which device it took. The job's environment (`jobEnvironment`) says what was wanted: the
 * runtime for the CPU hides all GPUs.
 */
export async function describeDevice(environment = process.env): Promise<Device> {
  const gpuHidden = environment.CUDA_VISIBLE_DEVICES === '-1';
  const report = gpuHidden ? null : await readGpus();
  const { isUsingGpuDevice } = backend();
  if (isUsingGpuDevice)
    return { words: (report && usedGpu(report, null, environment)?.name) ?? 'GPU', fellBack: false };
  const threads = Number(environment.TF_NUM_INTRAOP_THREADS ?? availableParallelism());
  return {
    words: `CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    fellBack: report !== null && report.gpus.length > 0,
  };
}
