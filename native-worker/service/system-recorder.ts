import type { Logger } from 'pino';
import { systemSampled, type GpuSample, type SystemSample } from '../../contract/system.ts';
import type { GpuReading, GpuWatch } from '../engine/runtime/gpu-watch.ts';
import type { Library } from '../store/library.ts';
import { getRunSummary } from '../store/runs.ts';
import { insertSystemSample, lastSystemSeconds, toSystemColumns } from '../store/system-metrics.ts';
import type { Events } from './events.ts';
import { busyPercent, readMemory, readProcessorTimes, type ProcessorTimes } from './machine.ts';
import { readUsage, type ProcessUsage } from './process-usage.ts';
import type { Queue } from './queue.ts';

/** Writes down what the machine does while a run trains. */

/** Seldom enough to cost nothing, often enough to see what a step, a grid and a snapshot do. */
const PERIOD_MS = 5000;

export interface RecorderParts {
  readonly library: Library;
  readonly events: Events;
  readonly queue: Queue;
  readonly gpuWatch: GpuWatch;
  readonly log: Logger;
  readonly periodMs?: number | undefined;
}

/** A training process as it is watched. */
interface Watched {
  readonly jobId: number;
  readonly runId: number;
  readonly pid: number;
  /** Of the run's earlier processes. */
  readonly secondsBefore: number;
  /** By the clock that nobody sets (`performance.now`), ms. */
  readonly since: number;
  times: ProcessorTimes;
  usage: ProcessUsage | null;
  readonly readings: Map<number, GpuReadings>;
  readonly release: () => void;
}

interface GpuReadings {
  readonly name: string;
  readonly all: GpuReading[];
}

/** @returns what stops it */
export function recordSystem({
  library,
  events,
  queue,
  gpuWatch,
  log,
  periodMs = PERIOD_MS,
}: RecorderParts): () => void {
  let watched: Watched | null = null;

  const begin = (job: { id: number; runId: number; pid: number }): Watched => {
    const readings = new Map<number, GpuReadings>();
    const letGo = gpuWatch.hold();
    const deaf = gpuWatch.onReading((reading, name) => {
      const ofGpu = readings.get(reading.index) ?? { name, all: [] };
      ofGpu.all.push(reading);
      readings.set(reading.index, ofGpu);
    });
    return {
      jobId: job.id,
      runId: job.runId,
      pid: job.pid,
      secondsBefore: lastSystemSeconds(library.db, job.runId),
      since: performance.now(),
      times: readProcessorTimes(),
      usage: readUsage(job.pid),
      readings,
      release: () => {
        letGo();
        deaf();
      },
    };
  };

  const look = (): void => {
    const job = library.db.open ? queue.training() : null;
    if (watched !== null && watched.jobId !== job?.id) {
      watched.release();
      watched = null;
    }
    if (job === null) return;
    if (watched === null) {
      watched = begin(job);
      return;
    }
    const sample = take(watched, getRunSummary(library.db, watched.runId).nimg);
    insertSystemSample(library.db, watched.runId, sample);
    events.emit(systemSampled, { runId: watched.runId, system: toSystemColumns([sample]) });
  };

  const timer = setInterval(() => {
    try {
      look();
    } catch (error) {
      // A full disk must not end the service; the sample is lost, and the next may not be.
      log.warn({ err: error }, 'what the machine does could not be written down');
    }
  }, periodMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    watched?.release();
  };
}

/** What happened since the last look. */
function take(watched: Watched, nimg: number): SystemSample {
  const times = readProcessorTimes();
  const usage = readUsage(watched.pid);
  const { used, total } = readMemory();
  const gpus = [...watched.readings].map(([index, readings]) => summary(index, readings));
  const sample = {
    seconds: watched.secondsBefore + (performance.now() - watched.since) / 1000,
    at: Date.now(),
    nimg,
    cpuPercent: busyPercent(watched.times, times),
    jobCpuPercent: jobShare(watched, usage, times),
    memoryUsed: used,
    memoryTotal: total,
    jobMemory: usage?.memory ?? null,
    gpus,
  };
  watched.times = times;
  watched.usage = usage;
  watched.readings.clear();
  return sample;
}

/** Processor time of the process among that of all processors, percent. */
function jobShare({ usage: before, times }: Watched, usage: ProcessUsage | null, now: ProcessorTimes): number | null {
  const available = (now.all - times.all) / 1000;
  if (before === null || usage === null || available <= 0) return null;
  return Math.min(100, Math.max(0, (100 * (usage.cpuSeconds - before.cpuSeconds)) / available));
}

function summary(index: number, { name, all }: GpuReadings): GpuSample {
  const values = (of: keyof GpuReading): number[] => all.map((one) => one[of]).filter((value) => value !== null);
  const mean = (numbers: number[]): number | null =>
    numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const highest = (numbers: number[]): number | null => (numbers.length === 0 ? null : Math.max(...numbers));
  return {
    index,
    name,
    utilisation: mean(values('utilisation')),
    memoryUsed: highest(values('memoryUsed')),
    memoryTotal: highest(values('memoryTotal')),
    temperature: highest(values('temperature')),
    power: mean(values('power')),
  };
}
