/** How much memory there is to train in. */
import { totalmem } from 'node:os';
import type { TrainingMemory } from '../../../contract/memory-advice.ts';
import type { GpuInfo, RuntimeName } from '../../../contract/runtime.ts';
import { groupMemoryLimit } from './cgroup.ts';

/** Bytes of memory that this machine has, or the container or the batch system's job that we run in. */
export function machineMemory(): number {
  return Math.min(groupMemoryLimit() ?? Infinity, totalmem());
}

/**
 * What a training job has to fit into. Of a processor's memory it isn't said how much is free: what others use is paged out.
 *
 * @param runtime that jobs use
 * @param gpu     the one that they compute on; null: none is known
 */
export function trainingMemory(runtime: RuntimeName, gpu: GpuInfo | null): TrainingMemory {
  if (runtime !== 'cuda12' || gpu?.memoryTotal == null) {
    return { device: 'this machine', bytes: machineMemory(), freeBytes: null };
  }
  const { name, memoryTotal, memoryUsed } = gpu;
  return { device: name, bytes: memoryTotal, freeBytes: memoryUsed === null ? null : memoryTotal - memoryUsed };
}
