import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobMessage } from '../../../../contract/job-messages.ts';
import { fastestFirst, type TuningSubject } from '../../../../contract/tuning.ts';
import { runTune } from '../../../../native-worker/jobs/tune.ts';
import { measuredOn } from '../../../../native-worker/engine/runtime/measured-on.ts';
import type { Library } from '../../../../native-worker/store/library.ts';
import { findTuning } from '../../../../native-worker/store/tunings.ts';
import { makeContext, makeLibrary, tinyConfig } from '../../../support/training-library.ts';

let library: Library;
let remove: () => void;
beforeEach(async () => {
  ({ library, remove } = await makeLibrary());
});
afterEach(() => remove());

const config = tinyConfig();
const subject: TuningSubject = { config, shape: { resolution: 8, channels: 3, labelDim: 2 } };
const found = (): ReturnType<typeof findTuning> => findTuning(library.db, measuredOn('cpu', null), subject);

test('each sensible way to train is measured by real steps, kept and told as it comes', async () => {
  const parameters = { kind: 'tune', subject, seconds: 300 } as const;
  const { context, messages } = makeContext(library, parameters);
  expect(await runTune(context, parameters)).toEqual({ kind: 'tuned' });
  const tuning = found()!;
  expect(tuning).toMatchObject({ complete: true, driver: null, tensorflow: '2.21.0', subject });
  const { batchSize } = config.training;
  expect(tuning.results.map(({ choice }) => choice)).toContainEqual({
    ...{ precision: 'fp32', microBatch: batchSize, threads: 2 },
    ...{ compile: 'none', deterministic: false },
  });
  expect(tuning.results.map(({ choice }) => choice.microBatch)).toContain(batchSize / 2);
  expect(tuning.results.map(({ choice }) => choice.threads)).toContain(1);
  expect(tuning.results.every(({ problem }) => problem === null)).toBe(true);
  for (const { measured } of fastestFirst(tuning.results)) {
    expect(measured.imagesPerSecond).toBeGreaterThan(0);
    expect(measured.firstStepSeconds).toBeGreaterThan(0.2); // TensorFlow is loaded in it
    expect(measured.hostBytes).toBeGreaterThan(100e6);
    expect(measured.deviceBytes).toBeNull();
  }
  const told = messages.filter(({ type }) => type === 'tuned');
  expect(told).toHaveLength(tuning.results.length + 1);
  expect(told[0]).toEqual({ type: 'tuned', tuningId: tuning.id });
});

test('ended early it keeps what it has', async () => {
  const parameters = { kind: 'tune', subject, seconds: 300 } as const;
  const afterOne = (sent: readonly JobMessage[]): 'cancel' | null =>
    sent.some(({ type }) => type === 'tuned') ? 'cancel' : null;
  const { context } = makeContext(library, parameters, afterOne);
  expect(await runTune(context, parameters)).toEqual({ kind: 'cancelled' });
  expect(found()).toMatchObject({ complete: false, results: [{ problem: null }] });
});

test('where the time is over before a step was done, that is what came of it', async () => {
  const parameters = { kind: 'tune', subject, seconds: 0 } as const;
  const { context } = makeContext(library, parameters);
  expect(await runTune(context, parameters)).toEqual({ kind: 'tuned' });
  expect(found()).toBeNull(); // not even a first one was begun
});
