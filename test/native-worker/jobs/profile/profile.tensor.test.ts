import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobMessage, JobOutcome } from '../../../../contract/job-messages.ts';
import type { KeptProfile } from '../../../../contract/profile.ts';
import { runProfile } from '../../../../native-worker/jobs/profile.ts';
import { runTrain } from '../../../../native-worker/jobs/train.ts';
import type { Library } from '../../../../native-worker/store/library.ts';
import { listProfiles, readTraceOf } from '../../../../native-worker/store/profiles.ts';
import { getRun, setMicroBatch } from '../../../../native-worker/store/runs.ts';
import { readTicks } from '../../../../native-worker/store/ticks.ts';
import { readTraceFile } from '../../../support/trace-file.ts';
import { makeContext, makeLibrary, makeRun, tinyConfig } from '../../../support/training-library.ts';

let library: Library;
let datasetId: number;
let remove: () => void;
beforeEach(async () => {
  ({ library, datasetId, remove } = await makeLibrary());
});
afterEach(() => remove());

const kept = (runId: number): KeptProfile[] => listProfiles(library.db, runId);
const entriesOf = (id: number): string[] =>
  readTraceFile(readTraceOf(library.db, id).toString())
    .complete.filter(({ cat }) => cat === 'run')
    .map(({ name }) => name);

async function train(runId: number, toMeasure: boolean): Promise<{ outcome: JobOutcome; messages: JobMessage[] }> {
  const parameters = { kind: 'train', runId, engine: 'graph' } as const;
  const { context, messages } = makeContext(library, parameters, undefined, toMeasure);
  return { outcome: await runTrain(context, parameters), messages };
}

test('a run that measures a step learns what it would have learned, and the step is told once', async () => {
  const [plain, measured] = [makeRun(library, datasetId, tinyConfig()), makeRun(library, datasetId, tinyConfig())];
  await train(plain, false);
  const { outcome, messages } = await train(measured, true);
  expect(outcome).toEqual({ kind: 'finished' });
  const losses = (runId: number): (number | null)[] =>
    readTicks(library.db, runId, { afterNimg: -1, maxPoints: 100 }).loss;
  expect(losses(measured)).toEqual(losses(plain));
  // After three steps of four images, of which TensorFlow planned in the first.
  expect(kept(measured)).toMatchObject([{ nimg: 12, profile: { work: 'training', images: 4 } }]);
  expect(kept(plain)).toEqual([]);
  const told = messages.filter(({ type }) => type === 'profiled');
  expect(told).toEqual([{ type: 'profiled', profileId: kept(measured)[0]!.id }]);
  expect(entriesOf(kept(measured)[0]!.id)).toEqual(['train']);
});

test.each([
  ['training', ['accumulate', 'accumulate', 'apply'], 4],
  ['sampling', ['run stage'], 2],
] as const)(
  'a job measures %s in the micro-batches of the run, and changes nothing of it',
  async (work, entries, images) => {
    const runId = makeRun(library, datasetId, tinyConfig());
    setMicroBatch(library.db, runId, 2);
    const before = getRun(library.db, runId);
    const parameters = { kind: 'profile', runId, work } as const;
    const { context, messages } = makeContext(library, parameters);
    expect(await runProfile(context, parameters)).toEqual({ kind: 'profiled' });
    expect(getRun(library.db, runId)).toEqual(before);
    expect(kept(runId)).toMatchObject([{ runId, nimg: 0, profile: { work, images } }]);
    expect(entriesOf(kept(runId)[0]!.id)).toEqual(entries);
    const progress = messages.filter(({ type }) => type === 'progress');
    expect(progress.length).toBeGreaterThan(3);
  },
);

test('a measurement that is cancelled ends between two steps and keeps nothing', async () => {
  const runId = makeRun(library, datasetId, tinyConfig());
  const parameters = { kind: 'profile', runId, work: 'training' } as const;
  const { context } = makeContext(library, parameters, (messages) => (messages.length > 2 ? 'cancel' : null));
  expect(await runProfile(context, parameters)).toEqual({ kind: 'cancelled' });
  expect(kept(runId)).toEqual([]);
});
