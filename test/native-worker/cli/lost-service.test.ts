import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shutdown } from '../../../contract/app.ts';
import { AppError } from '../../../contract/errors.ts';
import { createRun, getRun, listRuns, resumeRun } from '../../../contract/runs.ts';
import { follow } from '../../../native-worker/cli/commands/train.ts';
import { followRun } from '../../../native-worker/cli/follow-run.ts';
import { followJob } from '../../../native-worker/cli/follow-job.ts';
import { whileServed } from '../../../native-worker/cli/lost-service.ts';
import { Output } from '../../../native-worker/cli/output.ts';
import type { ServiceClient } from '../../../native-worker/client/service-client.ts';
import { connectToService } from '../../../native-worker/service/connect.ts';
import { fakeJobsService } from '../../support/service-process.ts';
import { until } from '../../support/service-library.ts';
import { makeLibrary, tinyConfig } from '../../support/training-library.ts';

/** What a command says whose service is killed while it watches: what would go on, not what would begin anew. */

let folder: string;
let datasetId: number;
let remove: () => void;
let client: ServiceClient;
let ids: { runId: number; jobId: number };

beforeEach(async () => {
  const made = await makeLibrary();
  ({ datasetId } = made);
  ({ folder } = made.library);
  ({ remove } = made);
  made.library.close();
  client = await connectToService(folder, { script: fakeJobsService });
  ids = await client.call(createRun, { name: 'work', datasetId, config: tinyConfig() });
  await until(async () => (await client.call(getRun, { id: ids.runId })).state === 'running');
});
afterEach(async () => {
  const last = await connectToService(folder, { script: fakeJobsService });
  await last.call(shutdown, {});
  await last.closed;
  remove();
});

const context = () => {
  const out = new PassThrough().resume();
  return { client, output: new Output(false, out, out), reconnect: () => Promise.reject(new Error('not asked for')) };
};

test('a command that trains names the one that goes on with the run, and that one does', async () => {
  const followed = follow(context(), ids.runId, ids.jobId).catch((error: unknown) => error);
  process.kill(client.pid, 'SIGKILL');
  expect(await followed).toMatchObject({
    code: 'unavailable',
    message: `The service went away. Run ${ids.runId} is kept as far as its last checkpoint; \`edm2 runs resume ${ids.runId}\` goes on with it.`,
  });
  const next = await connectToService(folder, { script: fakeJobsService });
  await until(async () => (await next.call(getRun, { id: ids.runId })).state === 'paused', 30_000);
  await next.call(resumeRun, { id: ids.runId });
  await until(async () => (await next.call(getRun, { id: ids.runId })).state === 'running', 30_000);
  expect(await next.call(listRuns, {})).toHaveLength(1);
  next.close();
}, 60_000);

test('a command that was to pause by itself later ends with its service, and leaves nothing that would keep it alive', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const followed = followRun(context(), {
    ...{ runId: ids.runId, jobId: ids.jobId, seconds: 86_400, images: null, goOnWith: 'edm2 demo' },
  }).catch((error: unknown) => error);
  const before = process.listenerCount('SIGINT');
  await until(() => Promise.resolve(process.listenerCount('SIGINT') > 0));
  process.kill(client.pid, 'SIGKILL');
  expect(await followed).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('`edm2 demo`') as string,
  });
  await until(() => Promise.resolve(process.listenerCount('SIGINT') === 0));
  expect(before).toBeLessThanOrEqual(1);
  expect(timers()).toBe(0);
});

test('a job that fails for want of a machine is no lost service', async () => {
  const failure = new AppError('unavailable', 'A machine was lost 3 times.');
  await expect(whileServed(client, 'Begin anew.', () => Promise.reject(failure))).rejects.toBe(failure);
});

test('a command that waits for another job says what to do, which is not always to start it again', async () => {
  const usual = followJob(context(), ids.jobId).catch((error: unknown) => error);
  const other = followJob(context(), ids.jobId, 'It begins anew by itself.').catch((error: unknown) => error);
  process.kill(client.pid, 'SIGKILL');
  expect(await usual).toMatchObject({ message: 'The service went away. Start the command again.' });
  expect(await other).toMatchObject({ message: 'The service went away. It begins anew by itself.' });
});
