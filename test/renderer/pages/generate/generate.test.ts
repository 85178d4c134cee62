import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listDatasets } from '../../../../contract/datasets.ts';
import { AppError } from '../../../../contract/errors.ts';
import { jobChanged, runChanged, sampleAdded, snapshotsChanged } from '../../../../contract/events.ts';
import { cancelJob, listJobs } from '../../../../contract/jobs.ts';
import { listPrecisions, type PrecisionSupport } from '../../../../contract/precision.ts';
import { listReconstructions, type Reconstruction } from '../../../../contract/reconstructions.ts';
import { getRun, listRuns, runSnapshots } from '../../../../contract/runs.ts';
import { deleteSample, generate, getSample, listSamples } from '../../../../contract/samples.ts';
import Toasts from '../../../../renderer/lib/components/Toasts.svelte';
import Generate from '../../../../renderer/pages/generate/Generate.svelte';
import {
  exampleDataset,
  exampleJob,
  exampleRun,
  exampleRunSummary,
  exampleSample,
  exampleSnapshot,
} from '../../support/examples.ts';
import { whyNot } from '../../support/why-not.ts';

const snapshots = [
  exampleSnapshot({ id: 98, nimg: 4096, sigmaRel: 0.05 }),
  exampleSnapshot({ id: 99, nimg: 4096, sigmaRel: 0.1 }),
  exampleSnapshot({ id: 100, nimg: 35_008, sigmaRel: 0.05 }),
  exampleSnapshot({ id: 101, nimg: 35_008, sigmaRel: 0.1 }),
];
/** An average that was reconstructed and kept. */
const kept: Reconstruction = {
  id: 3,
  runId: 7,
  jobId: null,
  name: 'sharp',
  nimg: 35_008,
  sigmaRel: 0.07,
  error: 0.01,
  terms: [],
  sizeBytes: 5e6,
  sha256: '0'.repeat(64),
  createdAt: 1_700_000_000_000,
};

const supports: PrecisionSupport[] = [
  { precision: 'fp32', status: 'good', reason: 'As ever.' },
  { precision: 'bf16', status: 'good', reason: 'The processor has it.' },
  { precision: 'fp16', status: 'none', reason: 'Only GPUs have it.' },
];

beforeEach(() => {
  service.asked.length = 0;
  service.answer(listDatasets, () => [exampleDataset()]);
  service.answer(listRuns, ({ trashed }) => (trashed ? [] : [exampleRunSummary()]));
  service.answer(listJobs, () => []);
  service.answer(getRun, () => exampleRun());
  service.answer(runSnapshots, () => ({ snapshots, checkpoints: [] }));
  service.answer(listReconstructions, () => [kept]);
  service.answer(listPrecisions, () => supports);
  service.answer(listSamples, () => []);
  service.answer(generate, () => ({ jobId: 40 }));
  service.open();
});
afterEach(cleanup);

async function open(props: { snapshot?: number; reconstruction?: number; sample?: number } = {}): Promise<void> {
  const { snapshot = null, reconstruction = null, sample = null } = props;
  render(Generate, { snapshot, reconstruction, sample });
  await screen.findByRole('button', { name: /^Generate \d+ pictures/ });
}
const button = (): HTMLElement => screen.getByRole('button', { name: /^Generate/ });
const send = async (): Promise<unknown> => {
  await fireEvent.submit(button().closest('form')!);
  await waitFor(() => expect(service.inputsOf(generate)).toHaveLength(1));
  return service.inputsOf(generate)[0];
};

test('at first it offers the newest snapshot, the run’s own average and sampler, and every class', async () => {
  await open();
  expect(button().textContent).toContain('Generate 16 pictures');
  expect(await send()).toMatchObject({
    model: { kind: 'snapshot', snapshotId: 101 },
    seeds: [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7],
    labels: [...Array<number>(8).fill(0), ...Array<number>(8).fill(1)],
    columns: 8,
    sampler: { steps: 18, sigmaMin: 0.002, sigmaMax: 80, rho: 7 },
  });
});

test('a snapshot from the address is the one that is used', async () => {
  await open({ snapshot: 98 });
  expect(await send()).toMatchObject({ model: { kind: 'snapshot', snapshotId: 98 } });
});

test('a kept reconstruction from the address is the one that is used', async () => {
  await open({ reconstruction: 3 });
  expect(await send()).toMatchObject({ model: { kind: 'reconstruction', reconstructionId: 3 } });
});

test('a kept reconstruction can be chosen among the averages of its moment, by its name', async () => {
  await open();
  expect(screen.getByRole('option', { name: '0.07, kept: sharp' })).toBeTruthy();
  await fireEvent.change(screen.getByLabelText(/^EMA/), { target: { value: 'kept 3' } });
  expect(await send()).toMatchObject({ model: { kind: 'reconstruction', reconstructionId: 3 } });
});

test('guidance begins with the oldest average of the run itself, and goes into the request with its strength', async () => {
  await open();
  await fireEvent.click(screen.getByRole('switch', { name: 'Guidance' }));
  const moment = await screen.findByLabelText<HTMLSelectElement>('Guide at');
  await waitFor(() => expect(moment.value).toBe('4096'));
  await fireEvent.input(screen.getByLabelText('Strength w'), { target: { value: '1.6' } });
  await fireEvent.change(screen.getByLabelText('Guide σrel'), { target: { value: '0.05' } });
  expect(screen.getByText(/^Autoguidance/)).toBeTruthy();
  expect(await send()).toMatchObject({
    model: { kind: 'snapshot', snapshotId: 101 },
    guidance: { guide: { kind: 'snapshot', snapshotId: 98 }, strength: 1.6 },
  });
});

test('the network itself and one with other classes can’t guide, and the page says so; switched off they don’t matter', async () => {
  await open();
  await fireEvent.click(screen.getByRole('switch', { name: 'Guidance' }));
  const moment = await screen.findByLabelText<HTMLSelectElement>('Guide at');
  await waitFor(() => expect(moment.value).toBe('4096'));
  await fireEvent.change(moment, { target: { value: '35008' } });
  expect((await screen.findByRole('alert')).textContent).toMatch(/very network/);
  expect(whyNot(button())).not.toBeNull();

  service.answer(runSnapshots, () => ({ snapshots: [exampleSnapshot({ id: 200, runId: 8 })], checkpoints: [] }));
  service.answer(getRun, () =>
    exampleRun({ id: 8, name: 'other', shape: { resolution: 32, channels: 3, labelDim: 5 } }),
  );
  service.emit(runChanged, exampleRunSummary({ id: 8, name: 'other' }));
  await screen.findAllByRole('option', { name: 'other' });
  await fireEvent.change(screen.getByLabelText('Guide'), { target: { value: '8' } });
  await waitFor(() => expect(screen.getByRole('alert').textContent).toMatch(/knows 5 classes/));
  expect(whyNot(button())).not.toBeNull();
  await fireEvent.click(screen.getByRole('switch', { name: 'Guidance' }));
  expect(await send()).toMatchObject({ guidance: null });
});

test('fresh noise and precision go into the request; a precision that the device hasn’t got can’t be chosen', async () => {
  await open();
  expect(screen.queryByLabelText(/Snoise/)).toBeNull();
  await fireEvent.input(screen.getByLabelText(/Schurn/), { target: { value: '40' } });
  await fireEvent.input(await screen.findByLabelText(/Smax/), { target: { value: '50' } });
  await fireEvent.input(screen.getByLabelText(/Smin/), { target: { value: '60' } });
  expect(await screen.findByText('S_min 60 must be smaller than S_max 50.')).toBeTruthy();
  await fireEvent.input(screen.getByLabelText(/Smin/), { target: { value: '0.05' } });
  await waitFor(() => expect(screen.getByRole('option', { name: /fp16/ })).toHaveProperty('disabled', true));
  await fireEvent.change(screen.getByLabelText('Precision'), { target: { value: 'bf16' } });
  expect(await send()).toMatchObject({
    sampler: { churn: { amount: 40, min: 0.05, max: 50, noise: 1 } },
    precision: 'bf16',
  });
});

test('seeds as text, one class, steps and average go into the request', async () => {
  await open();
  await fireEvent.input(screen.getByLabelText('Seeds'), { target: { value: '5, 100-101' } });
  await fireEvent.change(screen.getByLabelText('Classes'), { target: { value: 'one' } });
  await fireEvent.change(await screen.findByLabelText('Class'), { target: { value: '1' } });
  await fireEvent.input(screen.getByLabelText('Steps'), { target: { value: '32' } });
  await fireEvent.change(screen.getByLabelText(/^EMA/), { target: { value: '0.05' } });
  expect(await send()).toMatchObject({
    model: { kind: 'snapshot', snapshotId: 100 },
    seeds: [5, 100, 101],
    labels: [1, 1, 1],
    sampler: { steps: 32 },
  });
});

test('only chosen classes get a row, and without any the page says so', async () => {
  await open();
  await fireEvent.change(screen.getByLabelText('Classes'), { target: { value: 'some' } });
  await fireEvent.click(await screen.findByRole('checkbox', { name: 'Faces' }));
  expect(await screen.findByText('Choose at least one class.')).toBeTruthy();
  expect(whyNot(button())).not.toBeNull();
  await fireEvent.click(screen.getByRole('checkbox', { name: 'Flags' }));
  expect(await send()).toMatchObject({ labels: Array<number>(8).fill(1) });
});

test.each([
  ['Seeds', '9-3', 'The range 9-3 runs backwards; write 3-9.'],
  ['Steps', '1', 'Must be 2 to 1,000.'],
  [/Lowest noise/, '2', /Must be/],
])('%s “%s” can’t be sent, with the reason beside it', async (label, text, problem) => {
  await open();
  await fireEvent.input(screen.getByLabelText(label), { target: { value: text } });
  expect(await screen.findByText(problem)).toBeTruthy();
  expect(whyNot(button())).not.toBeNull();
});

test('a network without classes is asked for none', async () => {
  service.answer(getRun, () => exampleRun({ shape: { resolution: 32, channels: 3, labelDim: 0 } }));
  await open();
  expect(screen.queryByLabelText('Classes')).toBeNull();
  expect(await send()).toMatchObject({ labels: Array<null>(8).fill(null) });
});

test('the job’s progress can be cancelled, and the sheet comes into view when it is done', async () => {
  service.answer(cancelJob, () => ({}));
  await open();
  await send();
  const job = exampleJob({
    id: 40,
    kind: 'sample',
    title: 'demo',
    progress: { done: 4, total: 16, unit: 'pictures', text: 'Drawing' },
  });
  service.emit(jobChanged, job);
  expect((await screen.findByRole('progressbar')).getAttribute('aria-valuenow')).toBe('25');
  await fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(service.inputsOf(cancelJob)).toEqual([{ id: 40 }]));
  service.emit(sampleAdded, exampleSample());
  service.emit(jobChanged, { ...job, state: 'done', sampleId: 50 });
  const sheet = await screen.findByRole('group', { name: /4 pictures of Twemoji demo/ });
  expect(
    within(sheet)
      .getAllByRole('button')
      .map((picture) => picture.title),
  ).toEqual(['seed 0, class Faces', 'seed 1, class Faces', 'seed 0, class Flags', 'seed 1, class Flags']);
  const save = screen.getByRole('link', { name: 'Save PNG' });
  expect(save.getAttribute('href')).toBe('/files/samples/50.png');
  expect(save.getAttribute('download')).toMatch(/\.png$/);
});

test('a refused or failed drawing says why', async () => {
  await open();
  await send();
  service.emit(
    jobChanged,
    exampleJob({
      id: 40,
      kind: 'sample',
      state: 'failed',
      error: 'The graphics card ran out of memory at 32 pictures.',
    }),
  );
  expect(await screen.findByText(/ran out of memory at 32 pictures/)).toBeTruthy();
});

test('the settings of an earlier sheet can be taken over', async () => {
  const sample = exampleSample({
    snapshotId: null,
    seeds: [7, 9, 7, 9],
    model: { kind: 'recipe', runId: 7, nimg: 4096, sigmaRel: 0.2 },
    guidance: { guide: { kind: 'snapshot', snapshotId: 99 }, strength: 3, runId: 7, nimg: 4096, sigmaRel: 0.1 },
    sampler: { steps: 40, sigmaMin: 0.01, sigmaMax: 50, rho: 5, churn: { amount: 10, min: 0, max: 1e9, noise: 1.003 } },
    precision: 'bf16',
  });
  service.answer(getSample, () => sample);
  await open({ sample: 51 });
  await fireEvent.click(await screen.findByRole('button', { name: 'Use these settings again' }));
  await waitFor(() => expect(screen.getByLabelText<HTMLInputElement>('Seeds').value).toBe('7, 9'));
  expect(await send()).toMatchObject({
    model: sample.model,
    seeds: [7, 9, 7, 9],
    labels: [0, 0, 1, 1],
    columns: 2,
    sampler: sample.sampler,
    guidance: { guide: { kind: 'snapshot', snapshotId: 99 }, strength: 3 },
    precision: 'bf16',
  });
});

test('sheets of the EMA lab are in the history only when they are asked for', async () => {
  service.answer(listSamples, ({ origin }) => [
    exampleSample({ id: origin === 'generate' ? 50 : 60, origin: origin === 'ema-lab' ? 'ema-lab' : 'generate' }),
  ]);
  await open();
  const history = await screen.findByRole('region', { name: 'Earlier sheets' });
  const sheets = () => within(history).getAllByRole('button').length;
  expect(sheets()).toBe(1);
  service.emit(sampleAdded, exampleSample({ id: 61, origin: 'ema-lab' }));
  expect(sheets()).toBe(1);
  await fireEvent.click(within(history).getByRole('switch', { name: 'Those of the EMA lab, too' }));
  await waitFor(() => expect(sheets()).toBe(2));
  service.emit(sampleAdded, exampleSample({ id: 62, origin: 'ema-lab' }));
  await waitFor(() => expect(sheets()).toBe(3));
});

test('news of a run leave what is chosen: an average that is kept nowhere, too', async () => {
  const recipe = { kind: 'recipe', runId: 7, nimg: 4096, sigmaRel: 0.2 } as const;
  service.answer(getSample, () => exampleSample({ id: 9, model: recipe }));
  await open({ sample: 9 });
  await fireEvent.click(await screen.findByRole('button', { name: 'Use these settings again' }));
  const average = screen.getByLabelText<HTMLSelectElement>(/^EMA/);
  await waitFor(() => expect(average.selectedOptions[0]?.textContent).toMatch(/0\.2/));
  const before = service.inputsOf(runSnapshots).length;
  service.emit(snapshotsChanged, { runId: 7 });
  await waitFor(() => expect(service.inputsOf(runSnapshots).length).toBeGreaterThan(before));
  await new Promise((resolve) => setTimeout(resolve));
  expect(await send()).toMatchObject({ model: recipe });
});

test('an address that names what is gone says so once', async () => {
  render(Toasts);
  service.answer(getSample, () => {
    throw new AppError('not-found', 'There is no sample 9999.');
  });
  service.answer(listSamples, () => [exampleSample()]);
  await open({ sample: 9999, reconstruction: 99 });
  expect(await screen.findByText('There is no kept average 99 any more; another is chosen here.')).toBeTruthy();
  service.emit(sampleAdded, exampleSample({ id: 51 }));
  await waitFor(() => expect(screen.getAllByText('There is no sample 9999.')).toHaveLength(1));
  expect(service.inputsOf(getSample)).toEqual([{ id: 9999 }]);
});

test('a deleted sheet is gone from the history', async () => {
  service.answer(listSamples, () => [exampleSample()]);
  service.answer(deleteSample, () => ({}));
  await open();
  const history = await screen.findByRole('region', { name: 'Earlier sheets' });
  const ask = async (): Promise<HTMLElement> => {
    await fireEvent.click(screen.getByRole('button', { name: 'Delete this sheet' }));
    return screen.findByRole('dialog', { name: 'Delete this sheet?' });
  };
  await fireEvent.click(within(await ask()).getByRole('button', { name: 'Keep' }));
  expect(service.inputsOf(deleteSample)).toEqual([]);
  await fireEvent.click(within(await ask()).getByRole('button', { name: 'Delete' }));
  await waitFor(() => expect(service.inputsOf(deleteSample)).toEqual([{ id: 50 }]));
  await waitFor(() => expect(within(history).getByText('None.')).toBeTruthy());
});

test('a run without a snapshot says when its first one comes', async () => {
  service.answer(runSnapshots, () => ({ snapshots: [], checkpoints: [] }));
  service.answer(listReconstructions, () => []);
  render(Generate, { snapshot: null, reconstruction: null, sample: null });
  expect(await screen.findByText(/no snapshot yet/)).toBeTruthy();
  expect(screen.getByText(/4\.10 kimg/)).toBeTruthy();
});

test('a refusal of the service is told, and the button works again', async () => {
  service.answer(generate, () => {
    throw new AppError('conflict', 'The snapshot was deleted.');
  });
  await open();
  await send();
  await waitFor(() => expect(whyNot(button())).toBeNull());
});
