import { afterAll, beforeAll, expect, test } from 'vitest';
import { getRun, pauseRun, resumeRun, runLog, stopRun, createRun, type Run } from '../../../contract/runs.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { advanceRun, setRunState } from '../../../native-worker/store/runs.ts';
import { startServiceUnderTest, until, type ServiceUnderTest } from '../../support/service-library.ts';
import { makeRun, tinyConfig } from '../../support/training-library.ts';

/** Which runs go on, and how long they become. */

let under: ServiceUnderTest;
beforeAll(async () => {
  under = await startServiceUnderTest();
});
afterAll(() => under.end());

const run = (id: number): Promise<Run> => under.client.call(getRun, { id });
const inState = (id: number, state: Run['state']) => until(async () => (await run(id)).state === state);

/** A run of 64 images, all of which it has seen. */
function finishedRun(): number {
  const library = openLibrary(under.folder);
  const id = makeRun(library, under.datasetId, tinyConfig());
  advanceRun(library.db, id, 64);
  setRunState(library.db, id, 'finished');
  library.close();
  return id;
}

test('a run that was stopped is resumed', async () => {
  const { client, datasetId } = under;
  const { runId } = await client.call(createRun, { name: 'work', datasetId, config: tinyConfig() });
  await inState(runId, 'running');
  await client.call(stopRun, { id: runId });
  await inState(runId, 'stopped');
  await client.call(resumeRun, { id: runId });
  await inState(runId, 'running');
  await expect(client.call(resumeRun, { id: runId })).rejects.toMatchObject({
    code: 'conflict',
    message: '"work" is running already. Pause it first to go on otherwise.',
  });
  await client.call(pauseRun, { id: runId });
  await inState(runId, 'paused');
});

test('a finished run goes on once it is given more images than it has seen, and its config stays', async () => {
  const { client } = under;
  const id = finishedRun();
  const refusal = {
    code: 'conflict',
    message: '"test" has seen 64 images. To go on, it needs more in all than that.',
  };
  await expect(client.call(resumeRun, { id })).rejects.toMatchObject(refusal);
  await expect(client.call(resumeRun, { id, durationImages: 64 })).rejects.toMatchObject(refusal);
  expect(await run(id)).toMatchObject({ state: 'finished', durationImages: 64 });
  await client.call(resumeRun, { id, durationImages: 96 });
  const longer = await run(id);
  expect(longer).toMatchObject({ durationImages: 96, endedAt: null });
  expect(longer.config.training.durationImages).toBe(64);
  const texts = (await client.call(runLog, { id })).map(({ text }) => text);
  expect(texts).toContain('It is to see 96 images in all; before, 64 images.');
});
