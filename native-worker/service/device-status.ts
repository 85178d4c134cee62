import { cpus, freemem, totalmem } from 'node:os';
import { deviceStatus } from '../../contract/events.ts';
import type { GpuInfo } from '../../contract/runtime.ts';
import { readGpus } from '../engine/runtime/gpu.ts';
import type { Events } from './events.ts';
import type { Connections } from './server.ts';

/** Tells how busy the machine is, as long as anybody looks. */

const PERIOD_MS = 3000;

/** A machine without a GPU is asked again this rarely: a driver may come up. */
const NO_GPU_PERIOD_MS = 60_000;

/** @returns what stops it */
export function watchDevice(events: Events, connections: Connections): () => void {
  let timer: NodeJS.Timeout | null = null;
  let before = readTimes();
  let gpus: GpuInfo[] = [];
  let nextLook = 0;
  let looking = false;

  const look = async (): Promise<void> => {
    if (looking) return; // nvidia-smi can take longer than a period
    looking = true;
    if (Date.now() >= nextLook) {
      gpus = (await readGpus()).gpus;
      nextLook = gpus.length > 0 ? 0 : Date.now() + NO_GPU_PERIOD_MS;
    }
    const now = readTimes();
    const cpuPercent = busyPercent(before, now);
    before = now;
    events.emit(deviceStatus, { gpus, cpuPercent, memoryUsed: totalmem() - freemem(), memoryTotal: totalmem() });
    looking = false;
  };

  connections.watch((count) => {
    if (count > 0 && timer === null) {
      before = readTimes();
      timer = setInterval(() => void look(), PERIOD_MS);
    } else if (count === 0 && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  });
  return () => clearInterval(timer ?? undefined);
}

interface Times {
  idle: number;
  all: number;
}

/** Milliseconds since boot, of all processors together. */
function readTimes(): Times {
  let idle = 0;
  let all = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    all += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { idle, all };
}

/** Share of the processors' time between two moments that was not idle, percent. */
export function busyPercent(before: Times, now: Times): number {
  const all = now.all - before.all;
  return all <= 0 ? 0 : Math.min(100, Math.max(0, 100 * (1 - (now.idle - before.idle) / all)));
}
