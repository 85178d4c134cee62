import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Job } from '../../../contract/jobs.ts';
import { createRun } from '../../../contract/runs.ts';
import { Events } from '../../../native-worker/service/events.ts';
import { Queue, type JobWatcher } from '../../../native-worker/service/queue.ts';
import { getJob } from '../../../native-worker/store/jobs.ts';
import { fakeEnvironment, fakeJob, startServiceUnderTest, until } from '../../support/service-library.ts';
import { makeLibrary, tinyConfig } from '../../support/training-library.ts';

/** Jobs that can't be started. */

const watcher: JobWatcher = {
  onStart: () => undefined,
  onMessage: () => undefined,
  onEnd: (_id, _parameters, { state, failure }) =>
    Promise.resolve(
      state === 'again' ? null : { state, error: failure?.message ?? null, errorCode: failure?.code ?? null },
    ),
  onUnreadable: () => undefined,
};

test('an error in the start of one job fails that job and not the next one', async () => {
  const { library } = await makeLibrary();
  let starts = 0;
  const queue = new Queue({
    library,
    events: new Events(),
    log: pino({ enabled: false }),
    script: fakeJob,
    environment: fakeEnvironment,
    watcher: {
      ...watcher,
      onStart() {
        if (++starts === 1) throw new Error('not this one');
      },
    },
  });
  const importing = { kind: 'import', path: '/', options: { name: 'x', resolution: 8 } } as never;
  const add = (title: string): number => queue.add({ parameters: importing, title, runId: null });
  const [first, second] = [add('finish'), add('finish')];
  queue.open();
  const ended = (id: number): Promise<Job> =>
    until(() => {
      const job = getJob(library.db, id);
      return job.state !== 'queued' && job.state !== 'running' && job;
    });
  expect(await ended(first)).toMatchObject({ state: 'failed', errorCode: 'internal' });
  expect(await ended(second)).toMatchObject({ state: 'done' });
  expect(starts).toBe(2);
  await queue.close(1000);
  library.close();
});

test('a job without an environment fails with the reason, and the next one that gets one runs', async () => {
  let asked = 0;
  const under = await startServiceUnderTest({
    environment: () => (++asked === 1 ? Promise.reject(new Error('EDM2_RUNTIME is wrong')) : fakeEnvironment()),
  });
  const create = (): Promise<{ jobId: number }> =>
    under.client.call(createRun, { name: 'finish', datasetId: under.datasetId, config: tinyConfig() });
  const [first, second] = [await create(), await create()];
  const { getJob: call } = await import('../../../contract/jobs.ts');
  const state = (id: number): Promise<string> =>
    until(async () => {
      const job = await under.client.call(call, { id });
      return job.state !== 'queued' && job.state !== 'running' && job.state;
    });
  expect(await state(first.jobId)).toBe('failed');
  expect(await state(second.jobId)).toBe('done');
  await under.end();
});
