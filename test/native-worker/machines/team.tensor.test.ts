import { request } from 'node:http';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  addMachine,
  join,
  listMachines,
  lives,
  offer,
  reach,
  removeMachine,
  type Across,
} from '../../../contract/machines.ts';
import {
  createRun,
  getRun,
  pauseRun,
  resumeRun,
  runLog,
  runSnapshots,
  runTicks,
  type Run,
} from '../../../contract/runs.ts';
import { openWorker } from '../../../native-worker/client/worker-client.ts';
import { until } from '../../support/service-library.ts';
import { tinyConfig } from '../../support/training-library.ts';
import { startTwoMachines, type TwoMachines } from '../../support/two-machines.ts';
import { freePorts, isThere, startWorkerProcess, TOKEN } from '../../support/worker-process.ts';

/** Runs on two machines, both of which are this one, and what is said where that can't be. */

const PATIENCE_MS = 120_000;

let two: TwoMachines;
beforeAll(async () => {
  two = await startTwoMachines();
});
afterAll(() => two.end());

const runOf = (id: number): Promise<Run> => two.service.client.call(getRun, { id });
const inState = (id: number, state: Run['state']): Promise<boolean> =>
  until(async () => {
    const run = await runOf(id);
    if (run.state === 'failed' && state !== 'failed') throw new Error(`the run failed: ${String(run.error)}`);
    return run.state === state;
  }, PATIENCE_MS);
const logOf = async (id: number): Promise<string[]> =>
  (await two.service.client.call(runLog, { id })).map(({ text }) => text);

interface How {
  readonly devices?: string[] | null;
  readonly across?: Across | null;
  readonly config?: ReturnType<typeof tinyConfig>;
}
const create = async ({
  devices = two.devices,
  across = two.across,
  config = tinyConfig(),
}: How = {}): Promise<number> =>
  (
    await two.service.client.call(createRun, {
      ...{ name: 'together', config, devices, across },
      datasetId: two.service.datasetId,
    })
  ).runId;

test('a run on two machines learns what one learns, and goes on alone', async () => {
  const config = tinyConfig({ durationImages: 4000 }, { tickImages: 16, checkpointImages: 4000, snapshotImages: 4000 });
  const shared = await create({ config });
  await until(async () => (await runOf(shared)).nimg >= 48, PATIENCE_MS);
  expect(two.worker.children()).toHaveLength(1);
  await two.service.client.call(pauseRun, { id: shared });
  await inState(shared, 'paused');
  await until(() => two.worker.children().length === 0); // nothing stays behind
  const { nimg } = await runOf(shared);
  await two.service.client.call(resumeRun, { id: shared, devices: null, across: null });
  await until(async () => (await runOf(shared)).nimg >= nimg + 48, PATIENCE_MS);
  await two.service.client.call(pauseRun, { id: shared });
  await inState(shared, 'paused');

  const alone = await create({ devices: null, across: null, config });
  const ticks = (id: number) => two.service.client.call(runTicks, { id, maxPoints: 1000 });
  const { nimg: seen, loss } = await ticks(shared);
  await until(async () => (await runOf(alone)).nimg >= seen.at(-1)!, PATIENCE_MS);
  await two.service.client.call(pauseRun, { id: alone });
  await inState(alone, 'paused');
  const straight = await ticks(alone);
  expect(straight.nimg.slice(0, seen.length)).toEqual(seen);
  // Rounding grows with the steps; the first, of a few steps on two machines, are as good as equal.
  loss.slice(0, 3).forEach((value, at) => expect(value).toBeCloseTo(straight.loss[at]!, 4));
  loss.forEach((value, at) => expect(value).toBeCloseTo(straight.loss[at]!, 1));
  const log = (await logOf(shared)).join('\n');
  expect(log).toContain(`Training begins, on cpu:0, ${two.worker.address}/cpu:0, 2 images of each batch a device.`);
  expect(log).toContain(`Training goes on at ${nimg} images.`);
  const { checkpoints } = await two.service.client.call(runSnapshots, { id: shared });
  expect(checkpoints.map((checkpoint) => checkpoint.nimg)).toContain(nimg);
});

test('a machine that is lost is done without, if that was said', async () => {
  const gone = await startWorkerProcess(`127.0.0.1:${await freePorts(2)}`);
  await two.service.client.call(addMachine, { address: gone.address, token: TOKEN, trustedNetwork: true });
  const config = tinyConfig({ durationImages: 4_000_000 }, { tickImages: 16, checkpointImages: 64 });
  const devices = ['cpu:0', `${gone.address}/cpu:0`];
  const id = await create({ config, devices, across: { ...two.across, goOnWithout: true } });
  await until(async () => (await runOf(id)).nimg >= 96, PATIENCE_MS);
  const [lender] = gone.children();
  gone.signal('SIGKILL');
  await until(() => !isThere(lender!));
  await until(async () => (await runOf(id)).devices?.length === 1, PATIENCE_MS);
  const { nimg } = await runOf(id);
  await until(async () => (await runOf(id)).state === 'running' && (await runOf(id)).nimg > nimg + 64, PATIENCE_MS);
  await two.service.client.call(pauseRun, { id });
  await inState(id, 'paused');
  const log = (await logOf(id)).join('\n');
  expect(log).toContain(`${gone.address} was lost: its worker is gone`);
  expect(log).toContain(`It goes on without ${gone.address}: on cpu:0.`);
  expect((await runOf(id)).devices).toEqual(['cpu:0']);
  await two.service.client.call(removeMachine, { address: gone.address });
});

test('what can’t be is refused before anything is made, with what to do', async () => {
  const nobody = `127.0.0.1:${await freePorts(1)}`;
  await expect(create({ devices: ['cpu:0', `${nobody}/cpu:0`] })).rejects.toMatchObject({
    code: 'not-found',
    message: `No token is known for the worker at ${nobody}: add it under "Machines" of a new run, or set EDM2_WORKER_TOKEN.`,
  });
  const add = (address: string, token: string) =>
    two.service.client.call(addMachine, { address, token, trustedNetwork: true });
  await expect(add(nobody, TOKEN)).rejects.toMatchObject({ code: 'unavailable' });
  await expect(add(nobody, TOKEN)).rejects.toThrow(`Start \`edm2 worker --listen ${nobody} --trusted-network\` there`);
  await expect(add(two.worker.address, 'wrong')).rejects.toMatchObject({ code: 'forbidden' });
  await expect(create({ across: null })).rejects.toThrow(/The other machines must reach this one/);
  await expect(create({ devices: ['gpu:0', `${two.worker.address}/gpu:0`] })).rejects.toThrow(
    /There is no 127\.0\.0\.1:\d+\/gpu:0: there is cpu:0/,
  );
  const half = tinyConfig({ precision: 'fp16' });
  await expect(create({ config: half })).rejects.toThrow(/can.t compute in fp16/);
  const known = await two.service.client.call(listMachines, {});
  expect(known).toMatchObject([{ address: two.worker.address, problem: null, offer: { busy: false } }]);
});

test('a port of this machine that is taken fails the run by name, and it goes on with another', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, resolve));
  const { port } = taken.address() as { port: number };
  const id = await create({ across: { ...two.across, listen: `127.0.0.1:${port}` } });
  await inState(id, 'failed');
  expect((await runOf(id)).error).toMatch(`Port ${port} of this machine is taken by another program`);
  taken.close();
  await two.service.client.call(resumeRun, { id, across: two.across });
  await inState(id, 'finished');
});

test('a name under which the others can’t reach this machine is told with who can’t reach whom', async () => {
  // The worker knows no such host; this machine itself only needs the port.
  const listen = `nowhere.invalid:${await freePorts(1)}`;
  const id = await create({ across: { ...two.across, listen } });
  await inState(id, 'failed');
  expect((await runOf(id)).error).toMatch(
    new RegExp(`${two.worker.address} can’t reach this machine at ${listen} .* All machines must reach all\\.`),
  );
  await until(() => two.worker.children().length === 0);
});

test('a worker lends to one run at a time, and takes back what a lost connection leaves', async () => {
  const first = await openWorker(two.worker.address, TOKEN);
  const second = await openWorker(two.worker.address, TOKEN);
  await until(async () => !(await first.call(offer, {})).busy);
  const port = await freePorts(1);
  const lease = {
    ...{ hosts: [`127.0.0.1:${port}`, `127.0.0.1:${Number(two.worker.address.split(':')[1]) + 1}`], task: 1 },
    ...{ devices: ['cpu:0'], precision: 'fp32' as const, deterministic: false, withinMs: 60_000 },
  };
  await first.call(join, lease);
  expect(await second.call(offer, {})).toMatchObject({ busy: true });
  await expect(second.call(join, lease)).rejects.toMatchObject({ code: 'conflict' });
  expect(await first.call(lives, { withinMs: 5000 })).toEqual({ lives: true, end: null });
  process.kill(two.worker.children()[0]!, 'SIGKILL');
  await until(async () => !(await first.call(lives, { withinMs: 5000 })).lives);
  expect(await first.call(lives, { withinMs: 5000 })).toEqual({ lives: false, end: 'it ended (SIGKILL)' });
  const { unreached } = await first.call(reach, { addresses: [two.worker.address, `127.0.0.1:${port}`] });
  expect(unreached.map(({ address }) => address)).toEqual([`127.0.0.1:${port}`]);
  first.close();
  await until(async () => !(await second.call(offer, {})).busy);
  second.close();
});

test.each([
  [{}, 401],
  [{ authorization: 'Bearer wrong' }, 401],
  [{ authorization: `Bearer ${TOKEN}`, origin: 'http://127.0.0.1' }, 401],
  [{ authorization: `Bearer ${TOKEN}` }, 404],
])('a worker answers who comes with %j with %i', async (headers, expected) => {
  const [host, port] = two.worker.address.split(':');
  const status = await new Promise((resolve, reject) => {
    request({ host, port, path: '/', headers }, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
  expect(status).toBe(expected);
});
