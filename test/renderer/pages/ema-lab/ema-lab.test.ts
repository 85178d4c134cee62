import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listDatasets } from '../../../../contract/datasets.ts';
import { AppError } from '../../../../contract/errors.ts';
import {
  jobChanged,
  reconstructionsChanged,
  runChanged,
  runDeleted,
  snapshotsChanged,
} from '../../../../contract/events.ts';
import { cancelJob, listJobs } from '../../../../contract/jobs.ts';
import {
  deleteReconstruction,
  keepReconstructions,
  listReconstructions,
  renameReconstruction,
  type Reconstruction,
} from '../../../../contract/reconstructions.ts';
import { getRun, listRuns, restoreRun, runSnapshots } from '../../../../contract/runs.ts';
import { generate, getSample, listSamples } from '../../../../contract/samples.ts';
import Toasts from '../../../../renderer/lib/components/Toasts.svelte';
import { PAUSE_MS } from '../../../../renderer/pages/ema-lab/drawings.svelte.ts';
import EmaLab from '../../../../renderer/pages/ema-lab/EmaLab.svelte';
import {
  exampleDataset,
  exampleJob,
  exampleRun,
  exampleRunSummary,
  exampleSample,
  exampleSnapshot,
} from '../../support/examples.ts';
import { whyNot } from '../../support/why-not.ts';

const snapshots = [1, 2, 3, 4].flatMap((quarter) =>
  [0.05, 0.1].map((sigmaRel, index) =>
    exampleSnapshot({ id: 90 + 2 * quarter + index, nimg: quarter * 4096, sigmaRel }),
  ),
);
const kept: Reconstruction = {
  id: 5,
  runId: 7,
  jobId: 20,
  name: 'Long one',
  nimg: 8192,
  sigmaRel: 0.2,
  error: 0.05,
  terms: [{ snapshotId: 99, nimg: 8192, sigmaRel: 0.1, coefficient: 1 }],
  sizeBytes: 5_000_000,
  sha256: '0'.repeat(64),
  createdAt: 1_700_000_600_000,
};
let newestJob = 100;

beforeEach(() => {
  service.asked.length = 0;
  window.location.hash = '';
  service.answer(listDatasets, () => [exampleDataset()]);
  service.answer(listRuns, ({ trashed }) => (trashed ? [] : [exampleRunSummary()]));
  service.answer(listJobs, () => []);
  service.answer(getRun, ({ id }) => exampleRun({ id }));
  service.answer(runSnapshots, () => ({ snapshots, checkpoints: [] }));
  service.answer(listSamples, () => []);
  service.answer(listReconstructions, () => []);
  service.answer(generate, () => ({ jobId: ++newestJob }));
  service.answer(cancelJob, () => ({}));
  service.open();
});
afterEach(cleanup);

async function open(props: { run?: number; at?: number; sigma?: number } = {}): Promise<void> {
  render(EmaLab, { run: props.run ?? null, at: props.at ?? null, sigma: props.sigma ?? null });
  await screen.findByLabelText('EMA length');
}
const type = (text: string): Promise<unknown> =>
  fireEvent.input(screen.getByLabelText('EMA length'), { target: { value: text } });
const slider = (): HTMLInputElement => screen.getByRole('slider', { name: /EMA length/ });
const lastRequest = async (count: number): Promise<unknown> => {
  await waitFor(() => expect(service.inputsOf(generate)).toHaveLength(count));
  return service.inputsOf(generate).at(-1);
};

test('at first it draws the newest snapshot with the length, steps and noise levels of the run’s own grids', async () => {
  await open();
  expect(await lastRequest(1)).toMatchObject({
    model: { kind: 'snapshot', snapshotId: 99 },
    seeds: Array.from({ length: 16 }, (_, index) => index),
    labels: Array.from({ length: 16 }, (_, index) => index % 2),
    columns: 4,
    sampler: { steps: 18, sigmaMin: 0.002, sigmaMax: 80 },
  });
});

test('while a run trains nothing is drawn by itself: not at opening, not with a new snapshot, but when it is asked for', async () => {
  const training = exampleRunSummary({ id: 9, name: 'busy one', state: 'running' });
  service.answer(listRuns, ({ trashed }) => (trashed ? [] : [training, exampleRunSummary()]));
  service.emit(runChanged, training);
  await open({ run: 7 });
  expect(await screen.findByText(/“busy one” trains: pictures are drawn beside it when you ask for them/)).toBeTruthy();
  const newer = [...snapshots, exampleSnapshot({ id: 120, nimg: 20_480, sigmaRel: 0.1 })];
  service.answer(runSnapshots, () => ({ snapshots: newer, checkpoints: [] }));
  service.emit(snapshotsChanged, { runId: 7 });
  await screen.findByText('20.5 kimg');
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS + 50)); // it would rest for so long
  expect(service.inputsOf(generate)).toEqual([]);
  await fireEvent.click(screen.getByRole('button', { name: 'Draw' }));
  expect(await lastRequest(1)).toMatchObject({ model: { kind: 'snapshot', snapshotId: 120 }, origin: 'ema-lab' });
  await type('0.15');
  expect(await lastRequest(2)).toMatchObject({ model: { kind: 'recipe', sigmaRel: 0.15 } });
  service.emit(runDeleted, { runId: 9 });
});

test('a length that is typed is drawn as a recipe, and the predicted error is said', async () => {
  await open();
  await lastRequest(1);
  await type('0.15');
  expect(await lastRequest(2)).toMatchObject({ model: { kind: 'recipe', runId: 7, nimg: 16_384, sigmaRel: 0.15 } });
  expect(slider().getAttribute('aria-valuetext')).toMatch(/^0\.15, predicted error \d/);
  expect(screen.getByText(/mixed from 8 stored averages/)).toBeTruthy();
});

test.each([
  ['0.3', /Must be/],
  ['0', /Must be/],
  ['long', /is not a number/],
])('“%s” is no length, and nothing is drawn for it', async (text, reason) => {
  await open();
  await lastRequest(1);
  await type(text);
  expect(await screen.findByText(reason)).toBeTruthy();
  expect(slider().getAttribute('aria-valuetext')).toMatch(/^0\.1,/);
});

test('the slider goes by arrows and from stored length to stored length, and holds a pointer at a stored one', async () => {
  await open();
  slider().focus();
  await fireEvent.keyDown(slider(), { key: 'PageDown' });
  expect(slider().getAttribute('aria-valuetext')).toBe('0.05, predicted error 0 %');
  await fireEvent.keyDown(slider(), { key: 'ArrowRight' });
  expect(slider().getAttribute('aria-valuetext')).toMatch(/^0\.0508,/);
  // Where 0.0995 stands on the line.
  await fireEvent.input(slider(), { target: { value: String(Math.log(9.95) / Math.log(28)) } });
  await fireEvent.change(slider());
  expect(slider().getAttribute('aria-valuetext')).toMatch(/^0\.1,/);
});

test('address and clock say the moment; later snapshots are no part of what is made', async () => {
  await open({ run: 7, at: 8192, sigma: 0.2 });
  expect(await lastRequest(1)).toMatchObject({ model: { kind: 'recipe', nimg: 8192, sigmaRel: 0.2 } });
  expect(screen.getByText(/mixed from 4 stored averages/)).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: /^Back/ }));
  expect(await lastRequest(2)).toMatchObject({ model: { kind: 'recipe', nimg: 4096, sigmaRel: 0.2 } });
  await waitFor(() => expect(window.location.hash).toBe('#/ema-lab?run=7&at=4096&sigma=0.2'));
});

test('a snapshot that is written meanwhile becomes the newest moment', async () => {
  await open();
  await lastRequest(1);
  const more = [...snapshots, exampleSnapshot({ id: 120, nimg: 20_480, sigmaRel: 0.1 })];
  service.answer(runSnapshots, () => ({ snapshots: more, checkpoints: [] }));
  service.emit(snapshotsChanged, { runId: 7 });
  expect(await lastRequest(2)).toMatchObject({ model: { kind: 'snapshot', snapshotId: 120 } });
});

test('pictures that were drawn are in sight while the next are drawn, under their own name, and can be cancelled', async () => {
  service.answer(getSample, () => {
    const { model, seeds, labels, columns, sampler } = service.inputsOf(generate)[0]!;
    return exampleSample({ id: 51, nimg: 16_384, model, seeds, labels, columns, sampler });
  });
  await open();
  await lastRequest(1);
  service.emit(jobChanged, exampleJob({ id: newestJob, kind: 'sample', state: 'done', sampleId: 51 }));
  const grid = await screen.findByRole('group', { name: 'Pictures of σ_rel 0.1 at 16.4 kimg' });
  expect(within(grid).getAllByRole('button')).toHaveLength(16);

  await type('0.15');
  await lastRequest(2);
  service.emit(jobChanged, exampleJob({ id: newestJob, kind: 'sample', title: 'demo' }));
  expect((await screen.findByRole('progressbar')).getAttribute('aria-valuenow')).toBe('25');
  expect(screen.getByRole('group', { name: 'Pictures of σ_rel 0.1 at 16.4 kimg' })).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(service.inputsOf(cancelJob)).toEqual([{ id: newestJob }]));
  service.emit(jobChanged, exampleJob({ id: newestJob, kind: 'sample', state: 'cancelled' }));
  await fireEvent.click(await screen.findByRole('button', { name: 'Draw' }));
  expect(await lastRequest(3)).toMatchObject({ model: { sigmaRel: 0.15 } });
});

test('the factors of the stored averages are a table', async () => {
  await open({ run: 7, at: 4096, sigma: 0.15 });
  await fireEvent.click(await screen.findByRole('radio', { name: 'Factors' }));
  const table = await screen.findByRole('region', { name: 'Factors of the stored averages' });
  const rows = within(table).getAllByRole('row').slice(1);
  expect(rows.map((row) => row.textContent.replaceAll(/\s+/g, ' ').trim())).toEqual([
    expect.stringMatching(/^4\.10 kimg0\.11\.\d+$/),
    expect.stringMatching(/^4\.10 kimg0\.05−0\.\d+$/),
  ]);
});

test('a length that the snapshots don’t reach is drawn with a warning', async () => {
  await open({ run: 7, at: 4096, sigma: 0.28 });
  expect(await screen.findByText(/do not\s+reach this length/)).toBeTruthy();
});

test('an average is kept under a name, and its job is in sight until it is listed', async () => {
  service.answer(keepReconstructions, () => ({ jobId: ++newestJob }));
  render(Toasts);
  await open({ run: 7, at: 8192, sigma: 0.2 });
  await fireEvent.click(screen.getByRole('button', { name: 'Keep…' }));
  const name = await screen.findByLabelText<HTMLInputElement>('Name');
  expect(name.value).toBe('σ_rel 0.2 at 8,192 images');
  await fireEvent.input(name, { target: { value: '  ' } });
  expect(await screen.findByText(/1 to 100 characters/)).toBeTruthy();
  expect(whyNot(screen.getByRole('button', { name: 'Keep' }))).toBe('Choose another name first');
  await fireEvent.input(name, { target: { value: ' Long one ' } });
  await fireEvent.submit(name.closest('form')!);
  await waitFor(() =>
    expect(service.inputsOf(keepReconstructions)).toEqual([
      { runId: 7, nimg: 8192, targets: [{ sigmaRel: 0.2, name: 'Long one' }] },
    ]),
  );
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());

  service.emit(jobChanged, exampleJob({ id: newestJob, kind: 'reconstruct', runId: 7, title: 'Long one' }));
  expect(await screen.findByText('Keeping “Long one”')).toBeTruthy();
  service.answer(listReconstructions, () => [{ ...kept, jobId: newestJob }]);
  service.emit(jobChanged, exampleJob({ id: newestJob, kind: 'reconstruct', runId: 7, state: 'done' }));
  service.emit(reconstructionsChanged, { runId: 7 });
  expect(await screen.findByRole('button', { name: 'Long one' })).toBeTruthy();
  expect(screen.getByRole('link', { name: 'Generate with it: Long one' }).getAttribute('href')).toBe(
    '#/generate?reconstruction=5',
  );
  expect(await screen.findByText('Kept “Long one”.')).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Generate with it' }));
  await waitFor(() => expect(window.location.hash).toBe('#/generate?reconstruction=5'));
});

test('what is kept is what the dialog was opened with: no key and no new snapshot changes it', async () => {
  service.answer(keepReconstructions, () => ({ jobId: ++newestJob }));
  await open({ run: 7, at: 8192, sigma: 0.2 });
  await fireEvent.click(screen.getByRole('button', { name: 'Keep…' }));
  const name = await screen.findByLabelText<HTMLInputElement>('Name');
  await fireEvent.keyDown(document.body, { key: 'End' });
  await fireEvent.keyDown(document.body, { key: 'ArrowLeft' });
  expect(screen.getByRole('slider', { name: 'Clock' }).getAttribute('aria-valuetext')).toBe('8.19 kimg');
  await fireEvent.submit(name.closest('form')!);
  await waitFor(() =>
    expect(service.inputsOf(keepReconstructions)).toMatchObject([
      { nimg: 8192, targets: [{ name: 'σ_rel 0.2 at 8,192 images' }] },
    ]),
  );
});

test('keeping that is refused or fails says why, and the dialog stays open after a refusal', async () => {
  service.answer(keepReconstructions, () => {
    throw new AppError('no-space', 'The disk is full.');
  });
  render(Toasts);
  await open();
  await fireEvent.click(await screen.findByRole('button', { name: 'Keep…' }));
  const name = await screen.findByLabelText('Name');
  await fireEvent.submit(name.closest('form')!);
  expect(await screen.findByText('The disk is full.')).toBeTruthy();
  expect(screen.getByRole('dialog')).toBeTruthy();

  service.answer(keepReconstructions, () => ({ jobId: ++newestJob }));
  await fireEvent.submit(name.closest('form')!);
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  service.emit(
    jobChanged,
    exampleJob({ id: newestJob, kind: 'reconstruct', runId: 7, state: 'failed', error: 'Snapshot 3 is damaged.' }),
  );
  expect(await screen.findByText('Snapshot 3 is damaged.')).toBeTruthy();
});

test('a name that is taken is not proposed, and refused when typed', async () => {
  service.answer(listReconstructions, () => [{ ...kept, sigmaRel: 0.2001, name: 'σ_rel 0.2 at 8,192 images' }]);
  await open({ run: 7, at: 8192, sigma: 0.2 });
  await screen.findByRole('button', { name: 'σ_rel 0.2 at 8,192 images' });
  await fireEvent.click(screen.getByRole('button', { name: 'Keep…' }));
  const name = await screen.findByLabelText<HTMLInputElement>('Name');
  expect(name.value).toBe('σ_rel 0.2 at 8,192 images (2)');
  await fireEvent.input(name, { target: { value: 'σ_rel 0.2 at 8,192 images' } });
  expect(await screen.findByText('Another kept average has this name.')).toBeTruthy();
  expect(whyNot(screen.getByRole('button', { name: 'Keep' }))).not.toBeNull();
});

test('what is kept already is not kept again but drawn with', async () => {
  service.answer(listReconstructions, () => [kept]);
  await open({ run: 7, at: 8192, sigma: 0.2 });
  expect(await screen.findByText('Kept as “Long one”')).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Keep…' })).toBeNull();
  expect(screen.getByRole('link', { name: 'Generate with it' }).getAttribute('href')).toBe(
    '#/generate?reconstruction=5',
  );
  await type('0.21');
  expect(await screen.findByRole('button', { name: 'Keep…' })).toBeTruthy();
});

test('a kept average is looked at again, renamed and deleted, and can be made anew', async () => {
  service.answer(listReconstructions, () => [kept]);
  service.answer(renameReconstruction, () => ({}));
  service.answer(deleteReconstruction, () => ({}));
  service.answer(keepReconstructions, () => ({ jobId: ++newestJob }));
  render(Toasts);
  await open();
  await fireEvent.click(await screen.findByRole('button', { name: 'Long one' }));
  await waitFor(() => expect(slider().getAttribute('aria-valuetext')).toMatch(/^0\.2,/));
  await waitFor(() =>
    expect(service.inputsOf(generate).at(-1)).toMatchObject({ model: { kind: 'recipe', nimg: 8192, sigmaRel: 0.2 } }),
  );

  await fireEvent.click(screen.getByRole('button', { name: 'Rename Long one' }));
  const field = await screen.findByLabelText('New name');
  await fireEvent.input(field, { target: { value: 'Longer one' } });
  await fireEvent.keyDown(field, { key: 'Enter' });
  await waitFor(() => expect(service.inputsOf(renameReconstruction)).toEqual([{ id: 5, name: 'Longer one' }]));

  await fireEvent.click(await screen.findByRole('button', { name: 'Delete Long one' }));
  await waitFor(() => expect(service.inputsOf(deleteReconstruction)).toEqual([{ id: 5 }]));
  await fireEvent.click(await screen.findByRole('button', { name: 'Make it again' }));
  await waitFor(() =>
    expect(service.inputsOf(keepReconstructions)).toEqual([
      { runId: 7, nimg: 8192, targets: [{ sigmaRel: 0.2, name: 'Long one' }] },
    ]),
  );
});

test('only runs with snapshots can be chosen', async () => {
  service.answer(runSnapshots, ({ id }) => ({ snapshots: id === 8 ? [] : snapshots, checkpoints: [] }));
  const others = [
    exampleRunSummary({ id: 9, name: 'New', nimg: 0 }),
    exampleRunSummary({ id: 8, name: 'Young', nimg: 512 }),
    exampleRunSummary({ id: 6, name: 'Older', createdAt: 0 }),
  ];
  for (const run of others) service.emit(runChanged, run);
  await open();
  const picker = await screen.findByLabelText<HTMLSelectElement>('Run');
  await waitFor(() => expect([...picker.options].map(({ text }) => text)).toEqual(['Twemoji demo', 'Older']));
  expect(service.inputsOf(runSnapshots).map(({ id }) => id)).not.toContain(9);
  for (const { id } of others) service.emit(runDeleted, { runId: id });
});

test('a run with an exponential average says why there is no other length, and still draws what is stored', async () => {
  const run = exampleRun();
  service.answer(getRun, () => ({
    ...run,
    config: {
      ...run.config,
      training: { ...run.config.training, averaging: 'exponential' as const, sigmaRels: [0.05] },
      grid: { ...run.config.grid, sigmaRel: 0.05 },
    },
  }));
  service.answer(runSnapshots, () => ({ snapshots: [exampleSnapshot({ id: 77, sigmaRel: 0.05 })], checkpoints: [] }));
  await open();
  expect(await screen.findByText(/keeps an exponential average/)).toBeTruthy();
  expect(slider().disabled).toBe(true);
  expect(screen.queryByRole('button', { name: 'Keep…' })).toBeNull();
  expect(await lastRequest(1)).toMatchObject({ model: { kind: 'snapshot', snapshotId: 77 } });
});

test('a library without snapshots says what the lab is for and leads to a run', async () => {
  service.answer(runSnapshots, () => ({ snapshots: [], checkpoints: [] }));
  render(EmaLab, { run: null, at: null, sigma: null });
  expect(await screen.findByRole('heading', { name: 'Averages of any length, after training' })).toBeTruthy();
  expect(screen.getByRole('link', { name: 'Start a run' })).toBeTruthy();
});

test('an address with a run that has no snapshot says so and offers one that has', async () => {
  service.answer(runSnapshots, ({ id }) => ({ snapshots: id === 8 ? [] : snapshots, checkpoints: [] }));
  service.emit(runChanged, exampleRunSummary({ id: 8, name: 'Young' }));
  render(EmaLab, { run: 8, at: null, sigma: null });
  expect(await screen.findByRole('heading', { name: 'This run has no snapshots' })).toBeTruthy();
  expect(screen.getByRole('link', { name: 'Take Twemoji demo' }).getAttribute('href')).toBe('#/ema-lab?run=7');
  service.emit(runDeleted, { runId: 8 });
});

test('a run in the trash can be restored from here; one that is not there is named', async () => {
  service.answer(restoreRun, () => ({}));
  service.emit(runChanged, exampleRunSummary({ id: 8, name: 'Old one', trashedAt: 5 }));
  render(EmaLab, { run: 8, at: null, sigma: null });
  expect(await screen.findByRole('heading', { name: '“Old one” is in the trash' })).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Restore' }));
  await waitFor(() => expect(service.inputsOf(restoreRun)).toEqual([{ id: 8 }]));
  service.emit(runChanged, exampleRunSummary({ id: 8, name: 'Old one' }));
  expect(await screen.findByLabelText('EMA length')).toBeTruthy();
  cleanup();
  service.emit(runDeleted, { runId: 8 });
  render(EmaLab, { run: 8, at: null, sigma: null });
  expect(await screen.findByRole('heading', { name: 'There is no run 8' })).toBeTruthy();
});
