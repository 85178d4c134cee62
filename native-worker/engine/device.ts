import { availableParallelism } from 'node:os';
import { backend } from './binding.ts';
import { HIDDEN } from './runtime/environment.ts';
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
 *
 * @param count cards that share the work, or parts of the processor, each with its share of the threads
 */
export async function describeDevice(environment = process.env, count = 1): Promise<Device> {
  const gpuHidden = environment.CUDA_VISIBLE_DEVICES === HIDDEN;
  const report = gpuHidden ? null : await readGpus();
  const { isUsingGpuDevice } = backend();
  if (isUsingGpuDevice) {
    const visible = environment.CUDA_VISIBLE_DEVICES?.split(',').slice(0, count) ?? [undefined];
    const names = visible.map((card) => {
      const only = card === undefined ? {} : { CUDA_VISIBLE_DEVICES: card };
      return (report && usedGpu(report, null, only)?.name) ?? 'GPU';
    });
    return { words: names.join(' + '), fellBack: false };
  }
  const threads = Number(environment.TF_NUM_INTRAOP_THREADS ?? availableParallelism());
  return {
    words: `CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}${count === 1 ? '' : ` in ${count} parts`}`,
    fellBack: report !== null && report.gpus.length > 0,
  };
}
