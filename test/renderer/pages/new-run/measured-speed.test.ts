import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appInfo, expectSpeed, getSettings, setSettings, Settings } from '../../../../contract/app.ts';
import { listDatasets } from '../../../../contract/datasets.ts';
import { jobChanged, runChanged } from '../../../../contract/events.ts';
import { listJobs } from '../../../../contract/jobs.ts';
import { listPrecisions } from '../../../../contract/precision.ts';
import { createRun, listRuns } from '../../../../contract/runs.ts';
import { findTuning, startTuning, tuningChanged, type Tuning, type TuningResult } from '../../../../contract/tuning.ts';
import { settings } from '../../../../renderer/lib/state/settings.svelte.ts';
import NewRun from '../../../../renderer/pages/new-run/NewRun.svelte';
import { exampleDataset, exampleInfo, exampleJob, exampleRunSummary } from '../../support/examples.ts';
import { whyNot } from '../../support/why-not.ts';

const result = (
  precision: 'fp32' | 'bf16',
  microBatch: number,
  threads: number,
  imagesPerSecond: number,
): TuningResult => ({
  choice: { precision, microBatch, threads, compile: 'none', deterministic: false },
  measured: { imagesPerSecond, firstStepSeconds: 3, hostBytes: 1.5e9, deviceBytes: null },
  problem: null,
});

/** Of the subject that was asked for last. */
function tuning(results: readonly TuningResult[]): Tuning {
  const { subject } = service.inputsOf(findTuning).at(-1)!;
  return {
    ...{ id: 3, device: 'AMD EPYC, 2 cores, AVX2', driver: null, tensorflow: '2.21.0' },
    ...{ subject: subject, results: [...results], complete: true, createdAt: Date.now() },
  };
}

let results: TuningResult[] | null;
beforeEach(() => {
  results = null;
  service.asked.length = 0;
  service.answer(listDatasets, () => [exampleDataset()]);
  service.answer(listRuns, () => [exampleRunSummary({ state: 'finished' })]);
  service.answer(listJobs, () => []);
  service.answer(appInfo, () => exampleInfo());
  service.answer(expectSpeed, () => ({ imagesPerSecond: 50, scaled: false }));
  service.answer(listPrecisions, () => []);
  service.answer(getSettings, () => Settings.parse({}));
  service.answer(setSettings, (change) => ({ ...Settings.parse({}), ...change }));
  service.answer(findTuning, () => results && tuning(results));
  service.answer(startTuning, () => ({ jobId: 9 }));
  service.answer(createRun, () => ({ runId: 8, jobId: 9 }));
  service.open();
});
afterEach(async () => {
  cleanup();
  await settings.change(Settings.parse({})); // one of the tests changes them
});

async function open(): Promise<HTMLElement> {
  render(NewRun, { dataset: null, from: null });
  await screen.findByRole('radio', { name: /Twemoji/ });
  return await screen.findByRole('region', { name: 'Measured on this device' });
}

test('before anything was measured it says what measuring does, and a press starts it', async () => {
  const panel = await open();
  expect(within(panel).getByText(/Takes real steps of this network/)).toBeTruthy();
  await fireEvent.click(within(panel).getByRole('button', { name: 'Measure' }));
  await waitFor(() => expect(service.inputsOf(startTuning)).toHaveLength(1));
  expect(service.inputsOf(startTuning)[0]!.subject.shape).toMatchObject({ channels: 3 });
  service.emit(jobChanged, exampleJob({ id: 9, kind: 'tune', state: 'running', title: 'small' }));
  expect(await within(panel).findByRole('button', { name: 'Cancel' })).toBeTruthy();
  service.emit(jobChanged, exampleJob({ id: 9, kind: 'tune', state: 'done', title: 'small' }));
  expect(await within(panel).findByRole('button', { name: 'Measure' })).toBeTruthy();
});

test('what was measured is told, the fastest first, and counts in speed, time and memory', async () => {
  results = [result('fp32', 32, 2, 20), result('fp32', 16, 2, 25)];
  const panel = await open();
  const rows = await within(panel).findAllByRole('row');
  expect(rows.map((row) => Array.from(row.children, ({ textContent }) => textContent.trim()))).toEqual([
    ['Way to train', 'Images/s', 'Memory'],
    ['fp32, 16 at once', '25.0', '1.50 GB'],
    ['fp32, 32 at once, chosen', '20.0', '1.50 GB'],
  ]);
  const check = screen.getByRole('complementary', { name: /Check/ });
  expect(check.textContent).toMatch(/20\.0 img\/s measured/);
  expect(check.textContent).toMatch(/1\.50 GB measured; estimated/);
});

test('the fastest is taken over by one press, threads included', async () => {
  results = [result('fp32', 32, 2, 20), result('bf16', 8, 1, 40)];
  const panel = await open();
  expect(await within(panel).findByText(/bf16, 8 at once, 1 threads? is the fastest, 2\.00 × as fast\./)).toBeTruthy();
  await fireEvent.click(within(panel).getByRole('button', { name: 'Use it' }));
  await waitFor(() => expect(service.inputsOf(setSettings)).toEqual([{ threads: 1 }]));
  expect(screen.getByRole('radio', { name: 'bf16: bfloat16' })).toHaveProperty('checked', true);
  await waitFor(() => expect(within(panel).queryByRole('button', { name: 'Use it' })).toBeNull());
  await fireEvent.click(screen.getByRole('button', { name: 'Start now' }));
  await waitFor(() => expect(service.inputsOf(createRun)).toHaveLength(1));
  expect(service.inputsOf(createRun)[0]!.config.training).toMatchObject({ precision: 'bf16', microBatch: 8 });
});

test('results come in while it measures, and a way that failed says why', async () => {
  const panel = await open();
  const failed: TuningResult = {
    ...result('bf16', 32, 2, 1),
    measured: null,
    problem: 'The device ran out of memory.',
  };
  await waitFor(() => expect(service.inputsOf(findTuning).length).toBeGreaterThan(0));
  service.emit(tuningChanged, tuning([result('fp32', 32, 2, 20), failed]));
  expect(await within(panel).findByText('bf16, 32 at once: The device ran out of memory.')).toBeTruthy();
});

test('beside a run that trains nothing is measured', async () => {
  const panel = await open();
  service.emit(runChanged, exampleRunSummary({ state: 'running', name: 'birds' }));
  expect(await within(panel).findByText(/Pause “birds” to measure/)).toBeTruthy();
  expect(whyNot(within(panel).getByRole('button', { name: 'Measure' }))).not.toBeNull();
});
