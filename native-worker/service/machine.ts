import { cpus, freemem } from 'node:os';
import { machineMemory } from '../engine/runtime/memory.ts';

/** Processor time and memory of the whole machine. */

/** Milliseconds since boot, of all processors together. */
export interface ProcessorTimes {
  readonly idle: number;
  readonly all: number;
}

export function readProcessorTimes(): ProcessorTimes {
  let idle = 0;
  let all = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    all += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { idle, all };
}

/** Share of the processors' time between two moments that was not idle, percent. */
export function busyPercent(before: ProcessorTimes, now: ProcessorTimes): number {
  const all = now.all - before.all;
  return all <= 0 ? 0 : Math.min(100, Math.max(0, 100 * (1 - (now.idle - before.idle) / all)));
}

/** Bytes that programs use and that there are: in a container of its limit, where it has one. */
export function readMemory(): { used: number; total: number } {
  const total = machineMemory();
  return { used: Math.max(0, total - Math.min(total, freemem(), process.availableMemory())), total };
}
