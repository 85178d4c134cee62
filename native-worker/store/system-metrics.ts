import type { Database } from 'better-sqlite3';
import type { GpuColumns, GpuSample, SystemColumns, SystemSample } from '../../contract/system.ts';
import { namedColumns } from './named-columns.ts';
import { measured, statement, write } from './statements.ts';

/** Tables `system_metrics` and `gpu_metrics`: what the machine did while a run trained. Only the service writes them. */

/** The column of each value of a sample. */
const system = namedColumns({
  seconds: 'seconds',
  at: 'at',
  nimg: 'nimg',
  cpuPercent: 'cpu_percent',
  jobCpuPercent: 'job_cpu_percent',
  memoryUsed: 'memory_used',
  memoryTotal: 'memory_total',
  jobMemory: 'job_memory',
} satisfies Record<Exclude<keyof SystemSample, 'gpus'>, string>);

/** The column of each value of a GPU in a sample. */
const gpuMetrics = namedColumns({
  index: 'gpu',
  name: 'name',
  utilisation: 'utilisation',
  memoryUsed: 'memory_used',
  memoryTotal: 'memory_total',
  temperature: 'temperature',
  power: 'power',
} satisfies Record<keyof GpuSample, string>);

/** A run keeps at most this many samples: at one every five seconds, those of the first five hours whole. */
const MOST_SAMPLES = 4000;

/**
 * Writes a sample. When a run has too many, they are thinned to half as many of even distance, so that a run of weeks
 * is drawn from its beginning to its end.
 *
 * @param most samples that a run keeps; a parameter for tests
 */
export function insertSystemSample(db: Database, runId: number, sample: SystemSample, most = MOST_SAMPLES): void {
  write(db, () => {
    const { gpus, ...machine } = sample;
    statement<[Stored]>(
      db,
      `INSERT OR REPLACE INTO system_metrics (run_id, ${system.columns}) VALUES (@runId, ${system.values})`,
    ).run({ ...stored(machine), runId });
    const insertGpu = statement<[Stored]>(
      db,
      `INSERT OR REPLACE INTO gpu_metrics (run_id, seconds, ${gpuMetrics.columns})
       VALUES (@runId, @seconds, ${gpuMetrics.values})`,
    );
    for (const gpu of gpus) insertGpu.run({ ...stored(gpu), runId, seconds: sample.seconds });
    const count = statement<[number], number>(db, 'SELECT count(*) FROM system_metrics WHERE run_id = ?')
      .pluck()
      .get(runId)!;
    if (count > most) thin(db, runId, Math.floor(most / 2));
  });
}

type Stored = Record<string, number | string | null>;

/** Values as columns hold them. */
function stored(values: Stored): Stored {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? value : measured(value)]),
  );
}

/** Keeps the samples that are nearest to moments of even distance, the first and the last among them. */
function thin(db: Database, runId: number, wanted: number): void {
  const seconds = statement<[number], number>(
    db,
    'SELECT seconds FROM system_metrics WHERE run_id = ? ORDER BY seconds',
  )
    .pluck()
    .all(runId);
  const [first, last] = [seconds[0]!, seconds.at(-1)!];
  const kept = new Set<number>();
  let index = 0;
  for (let part = 0; part <= wanted; part += 1) {
    const moment = first + (part / wanted) * (last - first);
    while (index + 1 < seconds.length && Math.abs(seconds[index + 1]! - moment) <= Math.abs(seconds[index]! - moment))
      index += 1;
    kept.add(seconds[index]!);
  }
  const forget = statement(db, 'DELETE FROM system_metrics WHERE run_id = ? AND seconds = ?');
  for (const moment of seconds) if (!kept.has(moment)) forget.run(runId, moment);
}

/** Seconds of the newest sample of a run; 0: it has none. */
export function lastSystemSeconds(db: Database, runId: number): number {
  return statement<[number], number>(db, 'SELECT coalesce(max(seconds), 0) FROM system_metrics WHERE run_id = ?')
    .pluck()
    .get(runId)!;
}

type SystemRow = Omit<SystemSample, 'gpus'>;

interface GpuRow extends GpuSample {
  seconds: number;
}

/** Samples of a run after a moment, as columns. */
export function readSystem(db: Database, runId: number, afterSeconds: number): SystemColumns {
  const rows = statement<[number, number], SystemRow>(
    db,
    `SELECT ${system.selected}
     FROM system_metrics WHERE run_id = ? AND seconds > ? ORDER BY seconds`,
  ).all(runId, afterSeconds);
  const gpus = statement<[number, number], GpuRow>(
    db,
    `SELECT seconds, ${gpuMetrics.selected}
     FROM gpu_metrics WHERE run_id = ? AND seconds > ? ORDER BY gpu, seconds`,
  ).all(runId, afterSeconds);
  const gpusOf = new Map(rows.map(({ seconds }) => [seconds, [] as GpuSample[]]));
  for (const { seconds, ...gpu } of gpus) gpusOf.get(seconds)?.push(gpu);
  return toSystemColumns(rows.map((row) => ({ ...row, gpus: gpusOf.get(row.seconds)! })));
}

/** Samples in the shape in which pages get them. A GPU that a sample lacks has gaps there. */
export function toSystemColumns(samples: readonly SystemSample[]): SystemColumns {
  const indices = [...new Set(samples.flatMap(({ gpus }) => gpus.map(({ index }) => index)))].sort((a, b) => a - b);
  return {
    seconds: samples.map(({ seconds }) => seconds),
    at: samples.map(({ at }) => at),
    nimg: samples.map(({ nimg }) => nimg),
    cpuPercent: samples.map(({ cpuPercent }) => cpuPercent),
    jobCpuPercent: samples.map(({ jobCpuPercent }) => jobCpuPercent),
    memoryUsed: samples.map(({ memoryUsed }) => memoryUsed),
    memoryTotal: samples.at(-1)?.memoryTotal ?? 0,
    jobMemory: samples.map(({ jobMemory }) => jobMemory),
    gpus: indices.map((index) => gpuColumns(samples, index)),
  };
}

function gpuColumns(samples: readonly SystemSample[], index: number): GpuColumns {
  const found = samples.map(({ gpus }) => gpus.find((gpu) => gpu.index === index));
  const known = found.findLast((gpu) => gpu !== undefined)!;
  return {
    index,
    name: known.name,
    utilisation: found.map((gpu) => gpu?.utilisation ?? null),
    memoryUsed: found.map((gpu) => gpu?.memoryUsed ?? null),
    memoryTotal: known.memoryTotal,
    temperature: found.map((gpu) => gpu?.temperature ?? null),
    power: found.map((gpu) => gpu?.power ?? null),
  };
}
