import { afterEach, beforeEach, expect, test } from 'vitest';
import type { GpuSample, SystemSample } from '../../../contract/system.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { deleteRunRows } from '../../../native-worker/store/runs.ts';
import { insertSystemSample, lastSystemSeconds, readSystem } from '../../../native-worker/store/system-metrics.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

let library: Library;
let remove: () => void;
let runId: number;
beforeEach(async () => {
  const made = await makeLibrary();
  ({ library, remove } = made);
  runId = makeRun(library, made.datasetId, tinyConfig());
});
afterEach(() => remove());

const gpu = (part: Partial<GpuSample> = {}): GpuSample => ({
  index: 0,
  name: 'H100',
  utilisation: 90,
  memoryUsed: 2e9,
  memoryTotal: 80e9,
  temperature: 50,
  power: 300,
  ...part,
});

const sample = (seconds: number, part: Partial<SystemSample> = {}): SystemSample => ({
  seconds,
  at: 1e12 + seconds * 1000,
  nimg: Math.floor(seconds),
  cpuPercent: 50,
  jobCpuPercent: 40,
  memoryUsed: 4e9,
  memoryTotal: 16e9,
  jobMemory: 1e9,
  gpus: [],
  ...part,
});

const count = (table: string): number => library.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;

test('samples come back as columns, in order of time, and only those that are new', () => {
  insertSystemSample(library.db, runId, sample(10, { jobCpuPercent: null, jobMemory: null }));
  insertSystemSample(library.db, runId, sample(5));
  expect(readSystem(library.db, runId, -1)).toEqual({
    seconds: [5, 10],
    at: [1e12 + 5000, 1e12 + 10_000],
    nimg: [5, 10],
    cpuPercent: [50, 50],
    jobCpuPercent: [40, null],
    memoryUsed: [4e9, 4e9],
    memoryTotal: 16e9,
    jobMemory: [1e9, null],
    gpus: [],
  });
  expect(readSystem(library.db, runId, 5).seconds).toEqual([10]);
  expect(lastSystemSeconds(library.db, runId)).toBe(10);
});

test('each GPU has columns of its own, with gaps where it was not there', () => {
  insertSystemSample(library.db, runId, sample(5, { gpus: [gpu(), gpu({ index: 1, name: 'T4', utilisation: 3 })] }));
  insertSystemSample(library.db, runId, sample(10, { gpus: [gpu({ utilisation: NaN, power: null })] }));
  const { gpus } = readSystem(library.db, runId, -1);
  expect(gpus.map(({ index, name }) => [index, name])).toEqual([
    [0, 'H100'],
    [1, 'T4'],
  ]);
  expect(gpus[0]).toMatchObject({ utilisation: [90, null], power: [300, null], memoryTotal: 80e9 });
  expect(gpus[1]).toMatchObject({ utilisation: [3, null], temperature: [50, null] });
});

test('a run never has more than so many samples, and they reach evenly from its first to its last', () => {
  const most = 100;
  for (let seconds = 5; seconds <= 5 * 1000; seconds += 5) {
    insertSystemSample(library.db, runId, sample(seconds, { gpus: [gpu()] }), most);
    expect(count('system_metrics')).toBeLessThanOrEqual(most);
  }
  const { seconds } = readSystem(library.db, runId, -1);
  expect([seconds[0], seconds.at(-1)]).toEqual([5, 5000]);
  expect(seconds.length).toBeGreaterThan(most / 2 - 2);
  const gaps = seconds.slice(1).map((value, index) => value - seconds[index]!);
  // Half as many as allowed over the whole length would be one every 100 s.
  expect(Math.max(...gaps)).toBeLessThanOrEqual(205);
  expect(count('gpu_metrics')).toBe(seconds.length);
});

test('a deleted run takes its samples along, and leaves those of others', () => {
  const other = makeRun(library, 1, tinyConfig());
  insertSystemSample(library.db, runId, sample(5, { gpus: [gpu()] }));
  insertSystemSample(library.db, other, sample(5, { gpus: [gpu()] }));
  deleteRunRows(library.db, runId);
  expect([count('system_metrics'), count('gpu_metrics')]).toEqual([1, 1]);
});
