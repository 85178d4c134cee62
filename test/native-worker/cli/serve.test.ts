import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BrowserDoor, shutdown } from '../../../contract/app.ts';
import { getRun, createRun, listRuns, runLog } from '../../../contract/runs.ts';
import { Service } from '../../../main/service.ts';
import { serve } from '../../../native-worker/cli/commands/serve.ts';
import { Output } from '../../../native-worker/cli/output.ts';
import type { ServiceClient } from '../../../native-worker/client/service-client.ts';
import { connectToService } from '../../../native-worker/service/connect.ts';
import { fakeJobsService } from '../../support/service-process.ts';
import { until } from '../../support/service-library.ts';
import { makeLibrary, tinyConfig } from '../../support/training-library.ts';

/** Services that are killed while a run trains: real processes, with fake jobs. */

let folder: string;
let datasetId: number;
let remove: () => void;

beforeEach(async () => {
  const made = await makeLibrary();
  ({ datasetId } = made);
  ({ folder } = made.library);
  ({ remove } = made);
  made.library.close();
});
afterEach(async () => {
  const client = await connectToService(folder, { script: fakeJobsService });
  await client.call(shutdown, {});
  await client.closed;
  remove();
});

async function startTraining(client: ServiceClient): Promise<number> {
  const { runId } = await client.call(createRun, { name: 'work', datasetId, config: tinyConfig() });
  await until(async () => (await client.call(getRun, { id: runId })).state === 'running');
  return runId;
}

test('edm2 serve says that its service was killed, starts it again once, and the run goes on', async () => {
  const client = await connectToService(folder, { script: fakeJobsService });
  const runId = await startTraining(client);
  const out = new PassThrough();
  let said = '';
  out.on('data', (text: Buffer) => (said += text.toString()));
  const again: ServiceClient[] = [];
  const reconnect = async (): Promise<ServiceClient> => {
    const next = await connectToService(folder, { script: fakeJobsService, goOn: true });
    again.push(next);
    return next;
  };
  const served = serve({ client, output: new Output(false, out, out), reconnect }, BrowserDoor.parse({ port: 0 }));
  const outcome = served.then(
    (code) => code,
    (error: unknown) => error,
  );
  await until(() => said.includes('EDM2 Studio is at http://127.0.0.1:'));
  process.kill(client.pid, 'SIGKILL');
  await until(() => said.match(/EDM2 Studio is at/g)?.length === 2, 30_000);
  expect(said).toContain("EDM2 Studio's service ended unexpectedly");
  expect(said).toContain('a run that trained goes on');
  const ports = [...said.matchAll(/EDM2 Studio is at http:\/\/127\.0\.0\.1:(\d+)/g)].map(([, port]) => port);
  expect(ports[1]).toBe(ports[0]);
  const second = again[0]!;
  const log = await until(async () => {
    const lines = await second.call(runLog, { id: runId });
    return lines.some(({ text }) => text.includes('Training goes on from its checkpoint at 320 images')) && lines;
  }, 30_000);
  expect(log.some(({ level }) => level === 'warn')).toBe(true);
  await until(async () => (await second.call(getRun, { id: runId })).state === 'running', 30_000);
  process.kill(second.pid, 'SIGKILL');
  expect(await outcome).toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('ended unexpectedly once more') as string,
  });
}, 120_000);

test('edm2 serve says so when its service is ended in order, and does not start it again', async () => {
  const client = await connectToService(folder, { script: fakeJobsService });
  const out = new PassThrough();
  let said = '';
  out.on('data', (text: Buffer) => (said += text.toString()));
  const reconnect = (): Promise<ServiceClient> => Promise.reject(new Error('nobody died'));
  const served = serve({ client, output: new Output(false, out, out), reconnect }, BrowserDoor.parse({ port: 0 }));
  await until(() => said.includes('EDM2 Studio is at'));
  await client.call(shutdown, {});
  expect(await served).toBeUndefined();
  expect(said).toContain('The service was ended; what trained is paused.');
});

test('the window starts a service that was killed again, and the run goes on', async () => {
  const service = new Service({
    program: () => ({ node: process.execPath, entry: fakeJobsService }),
    args: ['--library', folder],
    errorLog: join(folder, 'logs/window.log'),
    onEvent: () => undefined,
    onConnected: () => undefined,
  });
  const client = await service.connected();
  const runId = await startTraining(client);
  process.kill(client.pid, 'SIGKILL');
  await client.closed;
  const again = await service.connected();
  expect(again.pid).not.toBe(client.pid);
  await until(async () => {
    const lines = await again.call(runLog, { id: runId });
    return lines.some(({ text }) => text.includes('Training goes on'));
  }, 30_000);
  await until(async () => (await again.call(getRun, { id: runId })).state === 'running', 30_000);
  expect(await again.call(listRuns, {})).toHaveLength(1);
  service.leave();
}, 60_000);
