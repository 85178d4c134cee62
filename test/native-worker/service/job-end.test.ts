import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobEnd, lostEnd, type Asked, type JobExit } from '../../../native-worker/service/job-end.ts';
import { setDevices } from '../../../native-worker/store/runs.ts';
import { sampleJob } from '../../support/job-parameters.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

let made: Awaited<ReturnType<typeof makeLibrary>>;
let runId: number;
beforeAll(async () => {
  made = await makeLibrary();
  runId = makeRun(made.library, made.datasetId, tinyConfig());
});
afterAll(() => made.remove());

const silent: JobExit = { outcome: null, exitCode: null, signal: 'SIGKILL', lastLines: [], oomKilled: false };
const says = (outcome: NonNullable<JobExit['outcome']>): JobExit => ({ ...silent, outcome, signal: null, exitCode: 0 });
const unasked: Asked = { request: null, killed: false, closing: false };

const train = () => ({ kind: 'train', runId, engine: 'graph' }) as const;

test.each(['finished', 'paused', 'stopped'] as const)('a training job that says "%s" leaves its run so', (kind) => {
  expect(jobEnd(made.library, train(), says({ kind }), unasked)).toMatchObject({
    state: 'done',
    run: kind,
    failure: null,
  });
});

test('a training job that lost a machine goes on from its checkpoint, unless it was asked to end', () => {
  const lost = says({ kind: 'lost', machine: 'box:7900', message: 'box:7900 was lost.', stepped: true });
  const end = jobEnd(made.library, train(), lost, unasked);
  expect(end).toMatchObject({
    state: 'again',
    run: 'queued',
    failure: null,
    loss: { machine: 'box:7900', stepped: true },
  });
  expect(end!.log).toEqual([{ level: 'warn', text: 'box:7900 was lost.' }]);
  expect(jobEnd(made.library, train(), lost, { ...unasked, request: 'pause' })).toMatchObject({
    state: 'cancelled',
    run: 'paused',
  });
  expect(jobEnd(made.library, train(), lost, { ...unasked, closing: true })).toMatchObject({ run: 'queued' });
});

test('a training job that was killed from outside fails its run, and is told as killed', () => {
  const end = jobEnd(made.library, train(), { ...silent, lastLines: ['farewell'] }, unasked);
  expect(end).toMatchObject({ state: 'failed', run: 'failed', failure: { code: 'interrupted' } });
  expect(end!.log.map(({ text }) => text)).toEqual(['farewell', end!.failure!.message]);
});

test.each([
  ['pause', 'paused'],
  ['stop', 'stopped'],
] as const)('a training job that we killed after it was asked to %s did not crash', (request, run) => {
  const end = jobEnd(made.library, train(), silent, { request, killed: true, closing: false });
  expect(end).toMatchObject({ state: 'cancelled', run, failure: null });
});

test('a job that draws is cancelled however it dies of it, and waits for the next start where the service ends', () => {
  expect(jobEnd(made.library, sampleJob, silent, { ...unasked, request: 'cancel' })).toMatchObject({
    state: 'cancelled',
  });
  expect(jobEnd(made.library, sampleJob, silent, { ...unasked, closing: true })).toBeNull();
  expect(jobEnd(made.library, sampleJob, says({ kind: 'cancelled' }), { ...unasked, closing: true })).toBeNull();
  const drawn = says({ kind: 'sampled', sampleId: 7 });
  expect(jobEnd(made.library, sampleJob, drawn, { ...unasked, closing: true })).toMatchObject({
    state: 'done',
    made: { sampleId: 7 },
  });
});

test('a run on two devices that is killed for memory is advised less than the half that each took', () => {
  const shared = makeRun(made.library, made.datasetId, tinyConfig({ batchSize: 8 }));
  setDevices(made.library.db, shared, ['cpu:0', 'cpu:1']);
  const parameters = { kind: 'train', runId: shared, engine: 'graph' } as const;
  const end = jobEnd(made.library, parameters, { ...silent, oomKilled: true }, unasked);
  expect(end!.failure!.message).toContain('Micro-batch 2 takes less');
  setDevices(made.library.db, shared, null);
  const alone = jobEnd(made.library, parameters, { ...silent, oomKilled: true }, unasked);
  expect(alone!.failure!.message).toContain('Micro-batch 4 takes less');
});

test('a job that draws and is killed for memory is advised half its batch', () => {
  const end = jobEnd(made.library, sampleJob, { ...silent, oomKilled: true }, unasked);
  expect(end).toMatchObject({ state: 'failed', run: null, failure: { code: 'out-of-memory' } });
  expect(end!.failure!.message).toContain('Batch size 16');
});

test('a run whose service died is paused where there is a checkpoint, and no bug is told', () => {
  expect(lostEnd(320)).toMatchObject({ run: 'paused', failure: { code: 'interrupted' } });
  expect(lostEnd(undefined)).toMatchObject({ run: 'failed', failure: { code: 'interrupted' } });
});
