import { service } from '../../support/fake-service.ts';
import { flushSync } from 'svelte';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { AppError } from '../../../../contract/errors.ts';
import { jobChanged } from '../../../../contract/events.ts';
import { cancelJob, listJobs, type Job } from '../../../../contract/jobs.ts';
import { generate, getSample, listSamples, type Sample } from '../../../../contract/samples.ts';
import { Drawings, PAUSE_MS } from '../../../../renderer/pages/ema-lab/drawings.svelte.ts';
import { requestOf, type PictureRequest } from '../../../../renderer/pages/ema-lab/pictures.ts';
import { exampleJob, exampleSample } from '../../support/examples.ts';

const sampler = { steps: 18, sigmaMin: 0.002, sigmaMax: 80, rho: 7 };
const wish = (sigmaRel: number): PictureRequest =>
  requestOf({ kind: 'recipe', runId: 7, nimg: 4096, sigmaRel }, { count: 4, firstSeed: 0, label: null, sampler }, 2);
const sheet = (id: number, sigmaRel: number): Sample =>
  exampleSample({ id, snapshotId: null, nimg: 4096, sigmaRel, ...wish(sigmaRel) });
const asked = (): number[] =>
  service.inputsOf(generate).map(({ model }) => (model.kind === 'recipe' ? model.sigmaRel : Number.NaN));
const cancelled = (): number[] => service.inputsOf(cancelJob).map(({ id }) => id);

let drawings: Drawings;
let end: () => void;
/** The job that the service made last. Ids are never used again. */
let newest = 40;

/** Lets messages between page and service arrive, and time pass. */
async function pass(milliseconds = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
  for (let turn = 0; turn < 5; turn++) {
    flushSync();
    await vi.advanceTimersByTimeAsync(0);
  }
}

async function tell(id: number, part: Partial<Job>): Promise<void> {
  service.emit(jobChanged, exampleJob({ id, kind: 'sample', ...part }));
  await pass();
}

beforeAll(() => {
  vi.useFakeTimers();
  service.answer(listJobs, () => []);
});

beforeEach(async () => {
  service.asked.length = 0;
  service.answer(listSamples, () => []);
  service.answer(cancelJob, () => ({}));
  service.answer(generate, () => ({ jobId: ++newest }));
  service.answer(getSample, ({ id }) => sheet(id, 0.2));
  service.open();
  end = $effect.root(() => {
    drawings = new Drawings(() => 7);
  });
  await pass();
});
afterEach(() => {
  end();
});

test('a length is drawn when the slider has rested on it, not while it moves', async () => {
  for (const sigmaRel of [0.11, 0.12, 0.13]) {
    drawings.want(wish(sigmaRel), 'rest');
    await pass(PAUSE_MS / 2);
  }
  expect(asked()).toEqual([]);
  await pass(PAUSE_MS);
  expect(asked()).toEqual([0.13]);
});

test('a slider that is let go is drawn at once, and only once', async () => {
  drawings.want(wish(0.2), 'rest');
  drawings.want(wish(0.2), 'once');
  await pass();
  expect(asked()).toEqual([0.2]);
  await pass(2 * PAUSE_MS);
  expect(asked()).toEqual([0.2]);
});

test('what was drawn in an earlier sitting is shown at once and not drawn again', async () => {
  end();
  service.answer(listSamples, () => [sheet(60, 0.15)]);
  end = $effect.root(() => {
    drawings = new Drawings(() => 7);
  });
  await pass();
  drawings.want(wish(0.15), 'rest');
  expect(drawings.shown?.id).toBe(60);
  expect(drawings.fresh).toBe(true);
  await pass(2 * PAUSE_MS);
  expect(asked()).toEqual([]);
});

test('the sheet comes into view when its job is done; going back to it later draws nothing', async () => {
  drawings.want(wish(0.2), 'once');
  await pass();
  const job = newest;
  await tell(job, { state: 'running' });
  expect(drawings.phase).toBe('drawing');
  expect(drawings.job?.id).toBe(job);
  await tell(job, { state: 'done', sampleId: 61 });
  expect([drawings.phase, drawings.shown?.id, drawings.fresh]).toEqual(['still', 61, true]);

  drawings.want(wish(0.1), 'rest');
  expect([drawings.shown?.id, drawings.fresh]).toEqual([61, false]); // the last ones stay in sight
  drawings.want(wish(0.2), 'rest');
  expect([drawings.phase, drawings.shown?.id, drawings.fresh]).toEqual(['still', 61, true]);
  await pass(2 * PAUSE_MS);
  expect(asked()).toEqual([0.2]);
});

test('another wish ends the drawing that is under way', async () => {
  drawings.want(wish(0.2), 'once');
  await pass();
  const job = newest;
  await tell(job, { state: 'running' });
  drawings.want(wish(0.1), 'once');
  await pass();
  expect(cancelled()).toEqual([job]);
  expect(asked()).toEqual([0.2, 0.1]);
  await tell(job, { state: 'cancelled' });
  expect(drawings.phase).toBe('drawing'); // of the second one
});

test('a job that was accepted after something else came to be wanted is cancelled', async () => {
  drawings.want(wish(0.2), 'once');
  drawings.want(wish(0.1), 'rest');
  await pass();
  const job = newest;
  expect(cancelled()).toEqual([job]);
  await pass(PAUSE_MS);
  expect(asked()).toEqual([0.2, 0.1]);
  await tell(newest, { state: 'done', sampleId: 62 });
  expect(cancelled()).toEqual([job]);
});

test('a drawing that was cancelled is held until it is asked for again', async () => {
  drawings.want(wish(0.2), 'once');
  await pass();
  const job = newest;
  await tell(job, { state: 'running' });
  await tell(job, { state: 'cancelled' });
  await pass(2 * PAUSE_MS);
  expect([drawings.phase, asked().length]).toEqual(['held', 1]);
  drawings.again();
  await pass();
  expect([drawings.phase, asked().length]).toEqual(['drawing', 2]);
});

test('a failure says why, whether the call was refused or the job failed; another length forgets it', async () => {
  service.answer(generate, () => {
    throw new AppError('not-found', 'Snapshot 3 was deleted.');
  });
  drawings.want(wish(0.2), 'once');
  await pass();
  expect([drawings.phase, drawings.problem]).toEqual(['failed', 'Snapshot 3 was deleted.']);

  service.answer(generate, () => ({ jobId: ++newest }));
  drawings.want(wish(0.1), 'once');
  await pass();
  expect([drawings.phase, drawings.problem]).toEqual(['drawing', null]);
  await tell(newest, { state: 'failed', error: 'The disk is full.' });
  expect([drawings.phase, drawings.problem]).toEqual(['failed', 'The disk is full.']);
});

test('whoever leaves the page leaves no job behind', async () => {
  drawings.want(wish(0.2), 'once');
  await pass();
  const job = newest;
  await tell(job, { state: 'running' });
  end();
  await pass();
  expect(cancelled()).toEqual([job]);
});
