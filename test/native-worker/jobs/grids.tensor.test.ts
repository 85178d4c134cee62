import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobMessage, JobOutcome } from '../../../contract/job-messages.ts';
import type { Requested } from '../../../native-worker/jobs/context.ts';
import { runTrain } from '../../../native-worker/jobs/train.ts';
import { checkpointsToResume } from '../../../native-worker/store/checkpoints.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { getRun } from '../../../native-worker/store/runs.ts';
import { listSamples } from '../../../native-worker/store/samples.ts';
import { makeContext, makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/** Grids that a run draws while it trains: 6 pictures, 3 Heun steps for each 3 at once or fewer. */

let library: Library;
let datasetId: number;
let remove: () => void;
beforeEach(async () => {
  ({ library, datasetId, remove } = await makeLibrary());
});
afterEach(() => remove());

/** A run of 24 images with a grid every so many. */
const newRun = (sampleImages: number, checkpointImages = 0): number =>
  makeRun(
    library,
    datasetId,
    tinyConfig({ durationImages: 24 }, { snapshotImages: 0, checkpointImages, sampleImages }),
  );

async function train(
  runId: number,
  request?: (messages: readonly JobMessage[]) => Requested,
): Promise<{ outcome: JobOutcome; messages: JobMessage[] }> {
  const parameters = { kind: 'train', runId, engine: 'graph' } as const;
  const { context, messages } = makeContext(library, parameters, request);
  return { outcome: await runTrain(context, parameters), messages };
}

const gridsOf = (runId: number): number[] =>
  listSamples(library.db, { runId, origin: 'grid', limit: 10 }).map(({ nimg }) => nimg);

const draws = (message: JobMessage | undefined): boolean => message?.type === 'progress' && message.progress !== null;

test('a run tells how far each grid is, and that it trains again', async () => {
  const runId = newRun(16);
  const { messages } = await train(runId);
  expect(gridsOf(runId)).toEqual([16, 24]);
  const told = messages.flatMap((message) => (message.type === 'progress' ? [message.progress] : []));
  expect(told[0]).toMatchObject({ done: 1, unit: 'steps', text: 'Drawing 6 pictures' });
  expect(told.filter((progress) => progress === null)).toHaveLength(2);
  expect(told.at(-1)).toBeNull();
  expect(getRun(library.db, runId)).toMatchObject({ sampleImages: 16 });
  expect(getRun(library.db, runId).gridSeconds).toBeGreaterThan(0);
});

test('a run draws none where their interval is 0, at its end neither', async () => {
  const runId = newRun(0);
  const { outcome, messages } = await train(runId);
  expect(outcome).toEqual({ kind: 'finished' });
  expect(gridsOf(runId)).toEqual([]);
  expect(messages.some(({ type }) => type === 'progress')).toBe(false);
});

test.each([
  ['pause', 'paused'],
  ['stop', 'stopped'],
] as const)(
  'a run hears a %s while it draws, and is %s there; if it goes on it draws that grid',
  async (asked, kind) => {
    const runId = newRun(16);
    const { outcome } = await train(runId, (messages) => (messages.some(draws) ? asked : null));
    expect(outcome).toEqual({ kind });
    expect(getRun(library.db, runId).nimg).toBe(16);
    expect(gridsOf(runId)).toEqual([]);
    if (asked === 'stop') return;
    // It owes that grid, and hears a pause before its first step, too: it says so, and is not killed while it saves.
    const again = await train(runId, (messages) => (messages.some(draws) ? 'pause' : null));
    expect(again.outcome).toEqual({ kind: 'paused' });
    expect(again.messages.findLastIndex(draws)).toBeLessThan(
      again.messages.findIndex(({ type }) => type === 'stepping'),
    );
    expect((await train(runId)).outcome).toEqual({ kind: 'finished' });
    expect(gridsOf(runId)).toEqual([16, 24]);
  },
);

test.each([
  ['pause', 'paused'],
  ['stop', 'finished'],
] as const)('a run that is asked to %s while it draws its last grid is %s', async (asked, kind) => {
  const runId = newRun(24);
  const { outcome } = await train(runId, (messages) => (messages.some(draws) ? asked : null));
  expect(outcome).toEqual({ kind });
  expect(gridsOf(runId)).toEqual([]);
  expect(checkpointsToResume(library.db, runId)[0]!.nimg).toBe(24);
  if (asked === 'stop') return;
  expect((await train(runId)).outcome).toEqual({ kind: 'finished' });
  expect(gridsOf(runId)).toEqual([24]);
});

test('a run that is killed between a checkpoint and the grid of the same moment draws it when it goes on', async () => {
  const runId = newRun(16, 16);
  const killed = train(runId, (messages) => {
    if (draws(messages.at(-1))) throw new Error('killed');
    return null;
  });
  await expect(killed).rejects.toThrow('killed');
  expect(checkpointsToResume(library.db, runId)[0]!.nimg).toBe(16);
  expect(gridsOf(runId)).toEqual([]);
  expect((await train(runId)).outcome).toEqual({ kind: 'finished' });
  expect(gridsOf(runId)).toEqual([16, 24]);
});
