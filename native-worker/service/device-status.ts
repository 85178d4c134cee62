import { deviceStatus } from '../../contract/events.ts';
import type { GpuWatch } from '../engine/runtime/gpu-watch.ts';
import type { Events } from './events.ts';
import { busyPercent, readMemory, readProcessorTimes } from './machine.ts';
import type { Connections } from './server.ts';

/** Tells how busy the machine is, as long as anybody looks. */

const PERIOD_MS = 3000;

/** @returns what stops it */
export function watchDevice(
  events: Events,
  connections: Connections,
  gpuWatch: GpuWatch,
  periodMs = PERIOD_MS,
): () => void {
  let timer: NodeJS.Timeout | null = null;
  let release = (): void => undefined;
  let before = readProcessorTimes();

  const look = (): void => {
    const now = readProcessorTimes();
    const cpuPercent = busyPercent(before, now);
    before = now;
    const { used, total } = readMemory();
    events.emit(deviceStatus, { gpus: [...gpuWatch.gpus], cpuPercent, memoryUsed: used, memoryTotal: total });
  };
  const stop = (): void => {
    clearInterval(timer ?? undefined);
    timer = null;
    release();
  };
  connections.watch((count) => {
    if (count > 0 && timer === null) {
      before = readProcessorTimes();
      release = gpuWatch.hold();
      timer = setInterval(look, periodMs);
    } else if (count === 0) {
      stop();
    }
  });
  return stop;
}
