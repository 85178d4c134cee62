import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deviceStatus } from '../../../contract/events.ts';
import * as runs from '../../../contract/runs.ts';
import { runSystem, systemSampled, type SystemColumns } from '../../../contract/system.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { fakeNvidiaSmi } from '../../support/fake-nvidia-smi.ts';
import { startServiceUnderTest, until, type ServiceUnderTest } from '../../support/service-library.ts';
import { tinyConfig } from '../../support/training-library.ts';

/** Job and nvidia-smi are real processes; the job does nothing but live. */

let folder: string;
let under: ServiceUnderTest;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'edm2-recorder-'))));
afterEach(async () => {
  await under.end();
  rmSync(folder, { recursive: true, force: true });
});

async function start(stream: string | null): Promise<{ runId: number; heard: SystemColumns[] }> {
  const command = stream === null ? join(folder, 'nvidia-smi') : fakeNvidiaSmi(folder, stream);
  under = await startServiceUnderTest({ samplePeriodMs: 60, gpuWatch: { command, periodMs: 50, pauseMs: 50 } });
  const heard: SystemColumns[] = [];
  under.client.on(systemSampled, ({ system }) => heard.push(system));
  const input = { name: 'work', datasetId: under.datasetId, config: tinyConfig() };
  const { runId } = await under.client.call(runs.createRun, input);
  return { runId, heard };
}

const system = (id: number, afterSeconds = -1): Promise<SystemColumns> =>
  under.client.call(runSystem, { id, afterSeconds });

test('while a run trains its machine and its process are sampled, told and kept', async () => {
  const { runId, heard } = await start(null);
  await until(() => heard.length >= 3);
  const kept = await system(runId);
  expect(kept.seconds.length).toBeGreaterThanOrEqual(3);
  expect(kept.seconds).toEqual([...kept.seconds].sort((a, b) => a - b));
  expect(kept.memoryTotal).toBeGreaterThan(kept.memoryUsed[0]!);
  expect(kept.gpus).toEqual([]);
  expect(heard[0]!.seconds).toEqual([kept.seconds[0]]);
  expect((await system(runId, kept.seconds[1])).seconds[0]).toBe(kept.seconds[2]);
});

test.skipIf(process.platform !== 'linux')('the process that trains is the one that is measured', async () => {
  const { runId, heard } = await start(null);
  await until(() => heard.length >= 2);
  const { jobMemory, jobCpuPercent } = await system(runId);
  expect(jobMemory.at(-1)).toBeGreaterThan(20e6); // a Node
  expect(jobMemory.at(-1)).toBeLessThan(1e9);
  expect(jobCpuPercent.every((share) => share !== null && share >= 0 && share <= 100)).toBe(true);
});

test('a GPU is sampled too: means of its work, the most of its memory', async () => {
  const { runId, heard } = await start('while :; do say 20; say 40; sleep 0.02; done');
  await until(() => heard.some(({ gpus }) => gpus.length > 0));
  await until(() => heard.length >= 4);
  const [gpu] = (await system(runId)).gpus;
  expect(gpu).toMatchObject({ index: 0, name: 'NVIDIA H100 80GB HBM3', memoryTotal: 81559 * 2 ** 20 });
  const means = gpu!.utilisation.filter((value) => value !== null);
  expect(means.length).toBeGreaterThan(0);
  for (const mean of means) {
    expect(mean).toBeGreaterThanOrEqual(20);
    expect(mean).toBeLessThanOrEqual(40);
  }
  expect(gpu!.memoryUsed).toContain(2 ** 31);
});

test('the time goes on after a pause as if there had been none, and no sample is taken meanwhile', async () => {
  const { runId, heard } = await start(null);
  await until(() => heard.length >= 2);
  await under.client.call(runs.pauseRun, { id: runId });
  await until(async () => (await under.client.call(runs.getRun, { id: runId })).state === 'paused');
  const before = await system(runId);
  // Real time is the matter here: that none of the samples comes which would have been due, and how long the gap is.
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect((await system(runId)).seconds).toEqual(before.seconds);
  await under.client.call(runs.resumeRun, { id: runId });
  const after = await until(async () => {
    const found = await system(runId);
    return found.seconds.length > before.seconds.length && found;
  });
  const first = after.seconds[before.seconds.length]!;
  expect(first).toBeGreaterThan(before.seconds.at(-1)!);
  expect(first - before.seconds.at(-1)!).toBeLessThan((after.at[before.at.length]! - before.at.at(-1)!) / 1000 - 0.3);
});

test('a sample that can not be written is lost, and neither the run nor the service', async () => {
  const { runId, heard } = await start(null);
  await until(() => heard.length >= 1);
  const library = openLibrary(under.folder);
  library.db.exec(`CREATE TRIGGER full BEFORE INSERT ON system_metrics BEGIN SELECT raise(ABORT, 'disk full'); END`);
  const before = (await system(runId)).seconds.length;
  const lost = /what the machine does could not be written down/gu;
  await until(() => (readFileSync(join(under.folder, 'logs/service.log'), 'utf8').match(lost)?.length ?? 0) >= 2);
  expect((await under.client.call(runs.getRun, { id: runId })).state).toBe('running');
  library.db.exec('DROP TRIGGER full');
  library.close();
  await until(async () => (await system(runId)).seconds.length > before);
});

test('a GPU that falls silent leaves a gap, and the run is sampled all the same', async () => {
  const { runId, heard } = await start('say 20; exec sleep 60');
  await until(() => heard.length >= 5);
  const kept = await system(runId);
  expect(kept.gpus.flatMap(({ utilisation }) => utilisation).at(-1) ?? null).toBeNull();
  expect(kept.cpuPercent).toHaveLength(kept.seconds.length);
});

test('the device is told to everybody who is connected, with the newest readings', async () => {
  const { heard } = await start('while :; do say 33; sleep 0.02; done');
  await until(() => heard.length >= 1);
  const status = await new Promise((resolve) => under.client.on(deviceStatus, resolve));
  expect(status).toMatchObject({ gpus: [{ name: 'NVIDIA H100 80GB HBM3', utilisation: 33, power: 250.5 }] });
});

test('a clock on the wall that is set back or forward changes no duration, and no sample is missed', async () => {
  const { runId, heard } = await start(null);
  await until(() => heard.length >= 2);
  for (const shiftMs of [-3_600_000, 31_536_000_000]) {
    const before = heard.length;
    vi.spyOn(Date, 'now').mockImplementation(() => Math.floor(performance.timeOrigin + performance.now() + shiftMs));
    await until(() => heard.length >= before + 2);
    vi.restoreAllMocks();
  }
  const { seconds } = await system(runId);
  expect(seconds.length).toBeGreaterThanOrEqual(6);
  expect(seconds).toEqual([...seconds].sort((a, b) => a - b));
  expect(seconds.at(-1)).toBeLessThan(60);
  expect(seconds[0]).toBeGreaterThan(0);
});
