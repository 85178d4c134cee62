import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createRun, getRun, pauseRun, resumeRun, runLog, runSnapshots, runTicks } from '../../../contract/runs.ts';
import { until } from '../../support/service-library.ts';
import { tinyConfig } from '../../support/training-library.ts';
import { startTwoMachines, type TwoMachines } from '../../support/two-machines.ts';
import { childrenOf, isThere, startWorkerProcess } from '../../support/worker-process.ts';

/**
 * A run on two machines, both of which are this one, loses processes at random moments: `npm run test:workers` does it a
 * hundred times. Whatever is killed or stopped, the run goes on, keeps what was written down before its last checkpoint,
 * and leaves no process behind.
 */
const ROUNDS = Number(process.env.EDM2_LOSSES ?? 5);

const VICTIMS = ['kill lender', 'stop lender', 'kill worker', 'kill job', 'stop job', 'stop worker'] as const;

/** So long a worker hears nothing of a run's machine until it asks, and as long again until it ends the run. */
const SILENCE_SECONDS = 2;

const PATIENCE_MS = 180_000;

const silence = ['--silence', String(SILENCE_SECONDS)];

let two: TwoMachines;
beforeAll(async () => {
  two = await startTwoMachines(silence);
});
afterAll(() => two.end());

/** What was done to the run, and which it is: told where the test fails. */
const blows: string[] = [];
let runId: number | null = null;
afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail' || runId === null) return;
  const log = await two.service.client.call(runLog, { id: runId, limit: 40 });
  const lines = log.map(({ at, text }) => `${new Date(at).toISOString()} ${text.slice(0, 200)}`);
  process.stderr.write(`${[...blows.slice(-6), ...lines].join('\n')}\n`);
});

const runOf = (id: number) => two.service.client.call(getRun, { id });

/** Numbers of the processes of jobs. */
const jobs = (): number[] => childrenOf(process.pid).filter((pid) => pid !== two.worker.pid);

/** What is written down of the run up to its newest checkpoint, which nothing may change. */
async function committed(id: number): Promise<{ readonly nimg: number; readonly ticks: string }> {
  const { checkpoints } = await two.service.client.call(runSnapshots, { id });
  const nimg = Math.max(0, ...checkpoints.map((checkpoint) => checkpoint.nimg));
  return { nimg, ticks: await ticksUpTo(id, nimg) };
}

async function ticksUpTo(id: number, nimg: number): Promise<string> {
  const ticks = await two.service.client.call(runTicks, { id, maxPoints: 20_000 });
  const count = ticks.nimg.filter((at) => at <= nimg).length;
  return JSON.stringify({ nimg: ticks.nimg.slice(0, count), loss: ticks.loss.slice(0, count) });
}

/** Images seen wherever training began or went on. */
async function beginnings(id: number): Promise<number[]> {
  const log = await two.service.client.call(runLog, { id, limit: 5000 });
  return log.filter(({ text }) => /^Training (begins|goes on)/.test(text)).map(({ nimg }) => nimg ?? 0);
}

async function mustNotFail(id: number): Promise<void> {
  const { state, error } = await runOf(id);
  if (state === 'failed') throw new Error(`the run failed: ${String(error)}`);
}

test(
  `a run on two machines loses processes ${ROUNDS} times, and loses nothing of what it wrote down`,
  async () => {
    const { runId: id } = await two.service.client.call(createRun, {
      name: 'lossy',
      datasetId: two.service.datasetId,
      config: tinyConfig(
        { durationImages: 10_000_000, batchSize: 4 },
        { tickImages: 16, snapshotImages: 10_000_000, checkpointImages: 64 },
      ),
      devices: two.devices,
      across: two.across,
    });
    runId = id;
    let steps = 0; // beginnings of training that were waited for
    const trainsAgain = async (times: number): Promise<void> => {
      steps = await until(async () => {
        await mustNotFail(id);
        const found = await beginnings(id);
        return found.length >= steps + times && found.length;
      }, PATIENCE_MS);
      const from = (await beginnings(id)).at(-1)!;
      await until(async () => {
        await mustNotFail(id);
        return (await runOf(id)).nimg >= from + 96;
      }, PATIENCE_MS);
    };
    await trainsAgain(1);

    for (let round = 0; round < ROUNDS; round += 1) {
      const victim = VICTIMS[round % VICTIMS.length]!;
      await sleep(Math.random() * 2000);
      await until(() => two.worker.children().length === 1 && jobs().length === 1, PATIENCE_MS);
      const before = await committed(id);
      blows.push(`${new Date().toISOString()} ${victim}`);
      await strike(victim, id);
      // Now and then the next blow falls while the run is being started again.
      if (round + 1 < ROUNDS && ROUNDS > VICTIMS.length && Math.random() < 0.3) await sleep(Math.random() * 6000);
      else await trainsAgain(victim === 'stop worker' ? 0 : 1);
      expect(await ticksUpTo(id, before.nimg), victim).toBe(before.ticks);
    }
    await trainsAgain(0);

    await two.service.client.call(pauseRun, { id });
    await until(async () => (await runOf(id)).state === 'paused', PATIENCE_MS);
    await until(() => two.worker.children().length === 0 && jobs().length === 0, PATIENCE_MS);
    const { nimg } = await runOf(id);
    const ticks = await two.service.client.call(runTicks, { id, maxPoints: 20_000 });
    expect(ticks.nimg.filter((at) => at % 16 !== 0)).toEqual([]);
    expect(new Set(ticks.nimg).size).toBe(ticks.nimg.length);
    expect(nimg - ticks.nimg.at(-1)!).toBeLessThan(16);
    const log = (await two.service.client.call(runLog, { id, limit: 5000 })).map(({ text }) => text);
    expect(log.join('\n')).toContain(`${two.worker.address} was lost: the process that computes there is gone`);
  },
  PATIENCE_MS + ROUNDS * PATIENCE_MS,
);

/** Kills or stops something, and does what a person would have to: starts again what they killed, resumes what failed. */
async function strike(victim: (typeof VICTIMS)[number], id: number): Promise<void> {
  const [lender] = two.worker.children();
  const [job] = jobs();
  switch (victim) {
    case 'kill lender':
      process.kill(lender!, 'SIGKILL');
      return;
    case 'stop lender':
      process.kill(lender!, 'SIGSTOP');
      await until(() => !isThere(lender!), PATIENCE_MS); // the worker ends it when the run has left
      return;
    case 'kill worker':
      two.worker.signal('SIGKILL');
      await two.worker.gone;
      await until(() => !isThere(lender!));
      two.worker = await startWorkerProcess(two.worker.address, silence);
      return;
    case 'stop worker':
      two.worker.signal('SIGSTOP');
      await sleep(1000);
      two.worker.signal('SIGCONT');
      return;
    case 'kill job':
      process.kill(job!, 'SIGKILL');
      await until(async () => (await runOf(id)).state === 'failed', PATIENCE_MS);
      await until(() => !isThere(lender!), PATIENCE_MS);
      await two.service.client.call(resumeRun, { id });
      return;
    case 'stop job':
      process.kill(job!, 'SIGSTOP');
      await until(() => !isThere(lender!), PATIENCE_MS); // the worker hears nothing of it
      process.kill(job!, 'SIGCONT');
      return;
  }
}
