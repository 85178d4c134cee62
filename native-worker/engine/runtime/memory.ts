/** How much memory there is to train in. */
import { totalmem } from 'node:os';
import type { GpuInfo, RuntimeName } from '../../../contract/runtime.ts';

/** Bytes of memory that this machine, or the container that we run in, has. */
export function machineMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** What a training job has to fit into. */
export interface TrainingMemory {
  /** In words ("this machine", "NVIDIA GeForce RTX 4090"). */
  readonly device: string;
  readonly bytes: number;
}

/**
 * @param runtime that jobs use
 * @param gpu     the one that they compute on; null: none is known
 */
export function trainingMemory(runtime: RuntimeName, gpu: GpuInfo | null): TrainingMemory {
  return runtime === 'cuda12' && gpu?.memoryTotal != null
    ? { device: gpu.name, bytes: gpu.memoryTotal }
    : { device: 'this machine', bytes: machineMemory() };
}
