import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { listMachines } from '../../../../contract/machines.ts';
import { appInfo, getSettings, Settings } from '../../../../contract/app.ts';
import { listDatasets } from '../../../../contract/datasets.ts';
import { AppError } from '../../../../contract/errors.ts';
import {
  deviceStatus,
  jobChanged,
  runChanged,
  runDeleted,
  runLogged,
  runTicked,
  sampleAdded,
} from '../../../../contract/events.ts';
import { runDynamics } from '../../../../contract/dynamics.ts';
import {
  editRun,
  getRun,
  listRuns,
  pauseRun,
  resumeRun,
  runLog,
  runSnapshots,
  runTicks,
  stopRun,
} from '../../../../contract/runs.ts';
import { tickColumns, type TickColumns } from '../../../../contract/ticks.ts';
import { runSystem, systemSampled, type SystemColumns } from '../../../../contract/system.ts';
import { listJobs } from '../../../../contract/jobs.ts';
import { listProfiles } from '../../../../contract/profile.ts';
import { listSamples } from '../../../../contract/samples.ts';
import { findTuning, type TuningResult } from '../../../../contract/tuning.ts';
import RunPage from '../../../../renderer/pages/run/Run.svelte';
import type { RunTab } from '../../../../renderer/lib/router.svelte.ts';
import {
  exampleDataset,
  exampleInfo,
  exampleJob,
  exampleRun,
  exampleRunSummary,
  exampleSample,
  exampleSnapshot,
} from '../../support/examples.ts';
import { whyNot } from '../../support/why-not.ts';
import { exampleTick } from '../../../support/ticks.ts';

const summary = exampleRunSummary({
  id: 7,
  name: 'emoji',
  state: 'running',
  nimg: 512,
  durationImages: 35_008,
  imagesPerSecond: 50,
});
const run = { ...exampleRun(), ...summary };
const ticks = (nimg: number[], loss: (number | null)[]): TickColumns =>
  tickColumns(
    nimg.map((moment, index) => {
      const value = loss[index]!;
      return exampleTick(moment, { trainSeconds: moment / 50, loss: value, lossStderr: value, imagesPerSecond: 50 });
    }),
  );

beforeAll(() => {
  service.answer(listRuns, () => []);
  service.answer(listDatasets, () => [exampleDataset()]);
  service.answer(listJobs, () => []);
  service.answer(getSettings, () => Settings.parse({}));
  service.open();
});

beforeEach(() => {
  service.answer(listMachines, () => []);
  service.asked.length = 0;
  service.answer(getRun, () => run);
  service.answer(runTicks, () => ticks([256, 512], [1.25, 0.75]));
  service.answer(listSamples, () => []);
  service.answer(listProfiles, () => []);
  service.answer(findTuning, () => null);
  service.answer(runSnapshots, () => ({ snapshots: [exampleSnapshot()], checkpoints: [] }));
  service.answer(runLog, () => [{ id: 1, at: 1000, nimg: 0, level: 'info' as const, text: 'Started on CPU.' }]);
  service.answer(runDynamics, ({ kind, afterNimg }) => ({
    kind,
    layers: ['unet.enc.32x32_conv', 'unet.dec.32x32_block0'],
    nimg: afterNimg < 256 ? [256, 512] : [],
    values:
      afterNimg < 256
        ? [
            [1, 0.9],
            [1.1, null],
          ]
        : [[], []],
  }));
});
afterEach(cleanup);

const show = (tab: RunTab) => render(RunPage, { id: 7, tab });

test('the head says in words what the run does and how long it will', async () => {
  show('overview');
  expect(await screen.findByText(/Training since .*512 images of 35.0 kimg/)).toBeTruthy();
  expect(screen.getAllByText(/done (?:at|tomorrow)/).length).toBeGreaterThan(0);
});

test('new ticks are appended, without asking for the history again', async () => {
  show('overview');
  expect(await screen.findByText(/Loss, as measured\. Loss: 0\.750 at 512 images/)).toBeTruthy();
  service.emit(runTicked, { runId: 7, ticks: ticks([768], [0.5]) });
  service.emit(runTicked, { runId: 8, ticks: ticks([9999], [9]) });
  expect(
    await screen.findByText(/Loss, as measured\. Loss: 0\.500 at 768 images, between 0\.500 and 1\.25/),
  ).toBeTruthy();
  expect(service.inputsOf(runTicks)).toHaveLength(1);
});

test('Pause asks once and waits for the run to say that it has', async () => {
  service.answer(pauseRun, () => ({}));
  show('overview');
  const button = await screen.findByRole('button', { name: 'Pause' });
  await fireEvent.click(button);
  expect(whyNot(await screen.findByRole('button', { name: 'Pausing' }))).not.toBeNull();
  // A tick in between does not mean that it has paused.
  service.emit(runChanged, { ...summary, nimg: 600 });
  expect(screen.getByRole('button', { name: 'Pausing' })).toBeTruthy();
  service.emit(runChanged, { ...summary, state: 'paused' as const });
  service.answer(getRun, () => ({ ...run, state: 'paused' as const }));
  expect(await screen.findByRole('button', { name: 'Resume' })).toBeTruthy();
  expect(service.inputsOf(pauseRun)).toEqual([{ id: 7 }]);
});

const openMenu = async (): Promise<void> => {
  await fireEvent.keyDown(await screen.findByRole('button', { name: 'More actions' }), { key: 'Enter' });
  await screen.findByRole('menu');
};

test('Stop lies in the menu, and asks first, with what is written and what is left', async () => {
  service.answer(stopRun, () => ({}));
  show('overview');
  await screen.findByRole('button', { name: 'Pause' });
  expect(screen.queryByRole('button', { name: /Stop/ })).toBeNull();
  await openMenu();
  await fireEvent.click(screen.getByRole('menuitem', { name: 'Stop…' }));
  const dialog = await screen.findByRole('dialog', { name: 'Stop “emoji”?' });
  expect(within(dialog).getByText(/with a checkpoint and a last snapshot/)).toBeTruthy();
  expect(dialog.textContent).toMatch(/the other\s34\.5 kimg are not trained/);
  expect(within(dialog).getByText(/Resume goes on from the last checkpoint/)).toBeTruthy();
  expect(service.inputsOf(stopRun)).toEqual([]);
  await fireEvent.click(within(dialog).getByRole('button', { name: 'Stop' }));
  await expect.poll(() => service.inputsOf(stopRun)).toEqual([{ id: 7 }]);
  expect(await screen.findByRole('button', { name: 'Stopping' })).toBeTruthy();
});

test('a stopped run can be resumed', async () => {
  service.answer(getRun, () => ({ ...run, state: 'stopped' as const }));
  service.answer(resumeRun, () => ({ jobId: 3 }));
  show('overview');
  await fireEvent.click(await screen.findByRole('button', { name: 'Resume' }));
  await expect.poll(() => service.inputsOf(resumeRun)).toEqual([{ id: 7, engine: 'graph' }]);
});

test('a finished run is given more images than it has seen', async () => {
  service.answer(getRun, () => ({ ...run, state: 'finished' as const, nimg: 35_008 }));
  service.answer(resumeRun, () => ({ jobId: 3 }));
  show('overview');
  await fireEvent.click(await screen.findByRole('button', { name: 'Continue to…' }));
  const field = screen.getByLabelText<HTMLInputElement>('Training images in all');
  expect(field.value).toBe('70016');
  expect(field.form!.textContent).toContain('35.0 kimg more, about 12 min at its last speed');
  await fireEvent.input(field, { target: { value: '35,008' } });
  await fireEvent.submit(field.closest('form')!);
  expect(service.inputsOf(resumeRun)).toEqual([]);
  await fireEvent.input(field, { target: { value: '40k' } });
  await fireEvent.submit(field.closest('form')!);
  await expect.poll(() => service.inputsOf(resumeRun)).toEqual([{ id: 7, engine: 'graph', durationImages: 40_000 }]);
});

test('what can’t be done with a run now says why', async () => {
  show('overview');
  await openMenu();
  expect(screen.getByRole('menuitem', { name: /Move to the trash.*Pause or stop the run first/ })).toBeTruthy();
  expect(screen.getByRole('menuitem', { name: /Resume on other devices….*Pause the run first/ })).toBeTruthy();
});

test('the name can be changed, and a refused one stays in the field', async () => {
  show('config');
  service.answer(editRun, () => {
    throw new AppError('conflict', 'No.');
  });
  await fireEvent.click(await screen.findByTitle('Rename'));
  const field = screen.getByLabelText('Name of the run');
  await fireEvent.input(field, { target: { value: 'better name' } });
  await fireEvent.keyDown(field, { key: 'Enter' });
  await expect.poll(() => service.inputsOf(editRun)).toEqual([{ id: 7, name: 'better name' }]);
  expect(screen.getByLabelText('Name of the run')).toHaveProperty('value', 'better name');
});

test('a grid that is drawn while one looks appears with its words', async () => {
  show('samples');
  expect(await screen.findByText('No grids yet')).toBeTruthy();
  service.emit(sampleAdded, exampleSample({ origin: 'grid', nimg: 768 }));
  service.emit(sampleAdded, exampleSample({ id: 51, origin: 'generate', nimg: 900 }));
  expect(await screen.findByRole('group', { name: 'Pictures drawn after 768 images' })).toBeTruthy();
  expect(screen.getByRole('button', { name: 'seed 0, class Flags' })).toBeTruthy();
});

test('while the first grid is drawn the page says how far it is, not when it will come', async () => {
  show('overview');
  expect(await screen.findByText(/^The first grid comes after/)).toBeTruthy();
  const progress = { done: 12, total: 18, unit: 'steps', text: 'Drawing 64 pictures' };
  service.emit(jobChanged, exampleJob({ kind: 'train', runId: 7, progress }));
  expect(await screen.findAllByText('Drawing 64 pictures, 12 of 18 steps')).toHaveLength(2); // in the head, too
  expect(screen.getByText('at 512 images of 35.0 kimg')).toBeTruthy();
  expect(screen.queryByText(/^The first grid comes/)).toBeNull();
  service.emit(jobChanged, exampleJob({ kind: 'train', runId: 7, progress: null }));
  expect(await screen.findByText(/^The first grid comes after/)).toBeTruthy();
});

test('the dynamics say in words which layers are smallest and largest, and show them as a table', async () => {
  show('dynamics');
  const sentence = 'At 512 images: 0.900 (enc.32x32_conv) to 0.900 (enc.32x32_conv) over 2 blocks; 1 not finite.';
  expect(await screen.findByText(sentence)).toBeTruthy();
  await fireEvent.click(screen.getByLabelText('Table'));
  expect(screen.getByRole('row', { name: /dec\.32x32_block0 1\.10 – 1\.10 1\.10/ })).toBeTruthy();
  await fireEvent.click(screen.getByLabelText('Pin dec.32x32_block0'));
  expect(screen.getByText('Pinned layers')).toBeTruthy();
});

test('the heat map has a name and a description, is read once, and says what is pinned and unpinned', async () => {
  show('dynamics');
  const map = await screen.findByRole('application', { name: 'Activation magnitudes' });
  const described = (map.getAttribute('aria-describedby') ?? '').split(' ').map((id) => document.getElementById(id));
  const [summary, keys] = described.map((element) => element?.textContent ?? '');
  expect(summary).toMatch(/^At 512 images: /);
  expect(keys).toBe('Up and down choose a layer, Enter pins it.');
  expect(document.body.textContent.split(summary!)).toHaveLength(2); // once
  const spoken = map.closest('figure')!.querySelector('[role=status]')!;
  await fireEvent.keyDown(map, { key: 'ArrowDown' });
  expect(spoken.textContent).toBe('');
  await fireEvent.keyDown(map, { key: 'Enter' });
  await waitFor(() => expect(spoken.textContent).toBe('enc.32x32_conv is pinned'));
  expect(screen.getByText(/, pinned$/).textContent).toBe('at 512 images, pinned');
  await fireEvent.keyDown(map, { key: 'Enter' });
  await waitFor(() => expect(spoken.textContent).toBe('enc.32x32_conv is unpinned'));
  await fireEvent.keyDown(map, { key: 'Enter' });
  await fireEvent.keyDown(map, { key: 'ArrowDown' });
  await fireEvent.keyDown(map, { key: 'Enter' });
  await fireEvent.click(screen.getByRole('button', { name: 'Unpin all' }));
  await waitFor(() => expect(spoken.textContent).toBe('2 layers are unpinned'));
});

test('the clock steps back to an earlier moment and the heat map follows', async () => {
  show('dynamics');
  await screen.findByText(/^At 512 images/);
  // The focus is on the heading when a run was opened from another page.
  await fireEvent.keyDown(screen.getByRole('heading', { level: 1 }), { key: 'ArrowLeft' });
  expect(await screen.findByText(/^At 256 images: 1\.00/)).toBeTruthy();
  await fireEvent.keyDown(document.body, { key: 'End' });
  expect(await screen.findByText(/^At 512 images/)).toBeTruthy();
});

test('the keys of a large picture move nothing behind it', async () => {
  service.answer(listSamples, () => [
    exampleSample({ id: 60, origin: 'grid', nimg: 256 }),
    exampleSample({ id: 61, origin: 'grid', nimg: 512 }),
  ]);
  show('samples');
  await fireEvent.click(await screen.findByRole('button', { name: 'seed 0, class Flags' }));
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getByText('3 of 4')).toBeTruthy();
  await fireEvent.keyDown(dialog, { key: 'ArrowLeft' });
  expect(within(dialog).getByText('2 of 4')).toBeTruthy();
  await fireEvent.keyDown(dialog, { key: 'Home' });
  expect(within(dialog).getByText('1 of 4')).toBeTruthy();
  expect(screen.getByRole('slider', { name: 'Clock' }).getAttribute('aria-valuetext')).toBe('512 images');
});

test('changes of state and new grids are spoken, ticks are not; a run that is deleted elsewhere is gone here', async () => {
  show('overview');
  await screen.findByText(/Training since/);
  const spoken = () => document.querySelector('p[role=status]')?.textContent;
  service.emit(runChanged, { ...summary, nimg: 700, imagesPerSecond: 60 });
  await screen.findByText(/^Training since.*700 images of 35\.0 kimg/);
  expect(spoken()).toBe('');
  service.emit(runChanged, { ...summary, lastSampleId: 77 });
  await waitFor(() => expect(spoken()).toBe('emoji: a new grid is drawn'));
  service.answer(getRun, () => ({ ...run, state: 'paused' as const }));
  service.emit(runChanged, { ...summary, state: 'paused' as const, lastSampleId: 77 });
  await waitFor(() => expect(spoken()).toBe('emoji: paused'));
  service.emit(runDeleted, { runId: 7 });
  expect(await screen.findByText('There is no run 7')).toBeTruthy();
});

test('the figures follow the clock, and say of which moment they are', async () => {
  show('overview');
  expect(await screen.findByText('newest')).toBeTruthy();
  const figure = (name: string) => screen.getByText(name, { selector: 'dt' }).nextElementSibling?.textContent;
  await screen.findByText(/Loss, as measured\. Loss: 0\.750 at 512 images/);
  expect(figure('Seen')).toBe('512 images of 35.0 kimg');
  await fireEvent.keyDown(document.body, { key: 'ArrowLeft' });
  expect(await screen.findByText('at 256 images', { selector: '.past' })).toBeTruthy();
  expect([figure('Seen'), figure('Loss'), figure('Trained for')]).toEqual([
    '256 images of 35.0 kimg',
    '1.25 as measured',
    '5 s',
  ]);
  expect(screen.queryByText('To go')).toBeNull();
});

test('a seventh pinned layer asks before the first is unpinned', async () => {
  const layers = Array.from({ length: 8 }, (_, index) => `unet.enc.32x32_block${index}`);
  service.answer(runDynamics, ({ kind }) => ({ kind, layers, nimg: [256], values: layers.map(() => [1]) }));
  show('dynamics');
  await fireEvent.click(await screen.findByLabelText('Table'));
  for (let index = 0; index < 6; index++) await fireEvent.click(screen.getByLabelText(`Pin enc.32x32_block${index}`));
  await fireEvent.click(screen.getByLabelText('Pin enc.32x32_block6'));
  const dialog = await screen.findByRole('dialog', { name: 'Pin “enc.32x32_block6”?' });
  await fireEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
  const isPinned = (index: number) => screen.getByLabelText<HTMLInputElement>(`Pin enc.32x32_block${index}`).checked;
  await waitFor(() => expect([isPinned(0), isPinned(6)]).toEqual([true, false]));
  await fireEvent.click(screen.getByLabelText('Pin enc.32x32_block6'));
  await fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Pin' }));
  await waitFor(() => expect([isPinned(0), isPinned(1), isPinned(6)]).toEqual([false, true, true]));
});

test('arrow keys go from layer to layer in the table, and leave the clock alone', async () => {
  show('dynamics');
  await fireEvent.click(await screen.findByLabelText('Table'));
  const first = screen.getByLabelText('Pin enc.32x32_conv');
  first.focus();
  await fireEvent.keyDown(first, { key: 'ArrowDown' });
  expect(document.activeElement).toBe(screen.getByLabelText('Pin dec.32x32_block0'));
  await fireEvent.keyDown(document.activeElement!, { key: 'Home' });
  expect(document.activeElement).toBe(first);
  expect(await screen.findByText(/^At 512 images: /)).toBeTruthy();
});

test('each snapshot leads to the Generate page', async () => {
  show('snapshots');
  const link = await screen.findByRole('link', { name: 'Generate from 35.0 kimg, 0.1' });
  expect(link.getAttribute('href')).toBe('#/generate?snapshot=100');
});

test('a line that is logged while one looks appears, each line once', async () => {
  show('log');
  await screen.findByText('Started on CPU.');
  const line = { id: 2, at: 2000, nimg: 256, level: 'warn', text: 'The disk is nearly full.' } as const;
  service.emit(runLogged, { runId: 7, line });
  service.emit(runLogged, { runId: 7, line });
  expect(await screen.findAllByText('The disk is nearly full.')).toHaveLength(1);
});

const systemAt = (seconds: number[], gpus: SystemColumns['gpus'] = []): SystemColumns => ({
  seconds,
  at: seconds.map((value) => value * 1000),
  nimg: seconds.map((value) => value * 10),
  cpuPercent: seconds.map(() => 80),
  jobCpuPercent: seconds.map((value) => 70 + value),
  memoryUsed: seconds.map(() => 4e9),
  memoryTotal: 16e9,
  jobMemory: seconds.map(() => 1.5e9),
  gpus,
});

test('the system tab says in words what processor and memory did, and goes on while one looks', async () => {
  service.answer(runSystem, () => systemAt([5, 10]));
  show('system');
  expect(await screen.findByText(/Processor\. .*This run: 80 % at 10 s, between 75 % and 80 %/)).toBeTruthy();
  expect(screen.getByText(/Memory\. .*This run: 1\.50 GB at 10 s/)).toBeTruthy();
  expect(screen.getByText('of 16.0 GB')).toBeTruthy();
  expect(screen.getByText(/No NVIDIA graphics card/)).toBeTruthy();
  service.emit(systemSampled, { runId: 8, system: systemAt([20]) });
  service.emit(systemSampled, { runId: 7, system: systemAt([15]) });
  expect(await screen.findByText(/This run: 85 % at 15 s/)).toBeTruthy();
});

test('a graphics card has curves for what it told, and none for what it did not', async () => {
  const values = [30, 60];
  const card = { index: 0, name: 'H100', memoryTotal: 80e9, memoryUsed: [1e9, 2e9], temperature: [null, null] };
  service.answer(runSystem, () => systemAt([5, 10], [{ ...card, utilisation: values, power: values }]));
  show('system');
  expect(await screen.findByText(/GPU\. H100: 60 % at 10 s/)).toBeTruthy();
  expect(screen.getByText(/GPU memory\. H100: 2\.00 GB at 10 s/)).toBeTruthy();
  expect(screen.getByText(/GPU power\. H100: 60 W/)).toBeTruthy();
  expect(screen.queryByText(/GPU temperature/)).toBeNull();
});

test('a run from before anything was measured says so', async () => {
  service.answer(runSystem, () => systemAt([]));
  show('system');
  expect(await screen.findByText('Nothing measured yet')).toBeTruthy();
});

test('a run that is not there is said so', async () => {
  service.answer(getRun, () => {
    throw new AppError('not-found', 'There is no run 7.');
  });
  show('overview');
  expect(await screen.findByText('There is no run 7')).toBeTruthy();
});

test('a run that computes on the processor beside a GPU says so aloud, and where to look', async () => {
  service.answer(getRun, () => ({ ...run, device: 'CPU, 2 threads' }));
  render(RunPage, { id: 7, tab: 'overview' });
  await screen.findByText('CPU, 2 threads');
  expect(screen.queryByText(/although this machine has a GPU/)).toBeNull();
  const gpu = { index: 0, name: 'NVIDIA GeForce RTX 4090', driver: '560.1', utilisation: 0, temperature: 40 };
  service.emit(deviceStatus, {
    gpus: [{ ...gpu, computeCapability: '8.9', memoryTotal: 24e9, memoryUsed: 1e9, power: 30 }],
    cpuPercent: 90,
    memoryUsed: 4e9,
    memoryTotal: 32e9,
  });
  expect(await screen.findByText(/although this machine has a GPU \(NVIDIA GeForce RTX 4090\)/)).toBeTruthy();
  expect(screen.getByRole('link', { name: 'Let the doctor look' }).getAttribute('href')).toBe('#/settings');
  // Unless that was asked for.
  service.answer(getRun, () => ({ ...run, device: 'CPU, 2 threads in 2 parts', devices: ['cpu:0', 'cpu:1'] }));
  cleanup();
  render(RunPage, { id: 7, tab: 'overview' });
  await screen.findByText('CPU, 2 threads in 2 parts');
  expect(screen.queryByText(/although this machine has a GPU/)).toBeNull();
});

test("a paused run goes on in micro-batches of one's choice, and each says what it takes", async () => {
  const paused = { ...run, state: 'paused' as const, nimg: 256 };
  service.answer(getRun, () => paused);
  service.answer(resumeRun, () => ({ jobId: 2 }));
  show('overview');
  await fireEvent.keyDown(await screen.findByRole('button', { name: 'More actions' }), { key: 'Enter' });
  await fireEvent.click(await screen.findByRole('menuitem', { name: 'Resume in other micro-batches…' }));
  const select = await screen.findByLabelText<HTMLSelectElement>('Images at once');
  const labels = [...select.options].map(({ text }) => text);
  expect(labels[0]).toMatch(/^32, the whole batch: about [\d.]+ [MG]B$/);
  expect(labels.map((label) => parseInt(label, 10))).toEqual([32, 16, 8, 4, 2, 1]);
  await fireEvent.change(select, { target: { value: select.options[2]!.value } });
  const buttons = await screen.findAllByRole('button', { name: 'Resume' });
  await fireEvent.click(buttons.at(-1)!);
  await waitFor(() => expect(service.inputsOf(resumeRun)).toEqual([{ id: 7, engine: 'graph', microBatch: 8 }]));
});

test('a run that ran out of memory offers to choose a micro-batch, one that failed otherwise does not', async () => {
  service.answer(getRun, () => ({ ...run, state: 'failed' as const, error: 'The device ran out of memory.' }));
  show('overview');
  await screen.findByText('The device ran out of memory.');
  const job = exampleJob({ id: 50, kind: 'train', runId: 7, state: 'failed', progress: null });
  service.emit(jobChanged, { ...job, errorCode: 'not-finite' });
  expect(screen.queryByRole('button', { name: 'Choose a micro-batch…' })).toBeNull();
  service.emit(jobChanged, { ...job, errorCode: 'out-of-memory' });
  await fireEvent.click(await screen.findByRole('button', { name: 'Choose a micro-batch…' }));
  expect(await screen.findByLabelText('Images at once')).toBeTruthy();
  // It is tried again, and ends for another reason.
  service.emit(jobChanged, { ...job, id: 51, errorCode: 'interrupted' });
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Choose a micro-batch…' })).toBeNull());
});

test('one that ran out of memory goes on by one press with the fastest smaller micro-batch that was measured here', async () => {
  service.answer(getRun, () => ({ ...run, state: 'failed' as const, error: 'The device ran out of memory.' }));
  const { precision } = run.config.training;
  const result = (microBatch: number, imagesPerSecond: number): TuningResult => ({
    choice: { precision, microBatch, threads: 2, compile: 'none', deterministic: false },
    measured: { imagesPerSecond, firstStepSeconds: 3, hostBytes: 1e9, deviceBytes: null },
    problem: null,
  });
  service.answer(findTuning, ({ subject }) => ({
    ...{ id: 1, device: 'a card', driver: null, tensorflow: '2.21.0', subject: subject },
    ...{ results: [result(32, 9), result(4, 5), result(8, 7)], complete: true, createdAt: 0 },
  }));
  show('overview');
  const job = exampleJob({ id: 52, kind: 'train', runId: 7, state: 'failed', progress: null });
  service.emit(jobChanged, { ...job, errorCode: 'out-of-memory' });
  await fireEvent.click(await screen.findByRole('button', { name: 'Resume with micro-batch 8, as measured here' }));
  await waitFor(() => expect(service.inputsOf(resumeRun)).toEqual([{ id: 7, engine: 'graph', microBatch: 8 }]));
  service.answer(findTuning, () => null);
  service.emit(jobChanged, { ...job, id: 53, errorCode: 'interrupted' });
});

test('a paused run goes on on other devices: parts of the processor, of which each has its share of the batch', async () => {
  service.answer(getRun, () => ({ ...run, state: 'paused' as const, nimg: 256 }));
  service.answer(appInfo, () => exampleInfo());
  show('overview');
  await fireEvent.keyDown(await screen.findByRole('button', { name: 'More actions' }), { key: 'Enter' });
  await fireEvent.click(await screen.findByRole('menuitem', { name: 'Resume on other devices…' }));
  const select = await screen.findByLabelText<HTMLSelectElement>('Processor');
  expect([...select.options].map(({ text }) => text)).toEqual([
    'As a whole',
    'In 2 parts, 16 images of each batch a part',
    'In 4 parts, 8 images of each batch a part',
    'In 8 parts, 4 images of each batch a part',
  ]);
  await fireEvent.change(select, { target: { value: select.options[1]!.value } });
  await fireEvent.click((await screen.findAllByRole('button', { name: 'Resume' })).at(-1)!);
  await waitFor(() =>
    expect(service.inputsOf(resumeRun)).toEqual([
      { id: 7, engine: 'graph', devices: ['cpu:0', 'cpu:1'], across: null },
    ]),
  );
});

test('a run on cards where jobs use the processor begins anew with the choice, and its micro-batches are of a share', async () => {
  service.answer(getRun, () => ({ ...run, state: 'paused' as const, nimg: 256, devices: ['gpu:0', 'gpu:1'] }));
  service.answer(appInfo, () => exampleInfo());
  show('overview');
  await fireEvent.keyDown(await screen.findByRole('button', { name: 'More actions' }), { key: 'Enter' });
  await fireEvent.click(await screen.findByRole('menuitem', { name: 'Resume on other devices…' }));
  const select = await screen.findByLabelText<HTMLSelectElement>('Processor');
  expect(select.selectedOptions[0]!.text).toBe('As a whole');
  await fireEvent.click((await screen.findAllByRole('button', { name: 'Resume' })).at(-1)!);
  await waitFor(() =>
    expect(service.inputsOf(resumeRun)).toEqual([{ id: 7, engine: 'graph', devices: null, across: null }]),
  );
  await fireEvent.keyDown(screen.getByRole('button', { name: 'More actions' }), { key: 'Enter' });
  await fireEvent.click(await screen.findByRole('menuitem', { name: 'Resume in other micro-batches…' }));
  const sizes = await screen.findByLabelText<HTMLSelectElement>('Images at once');
  expect(sizes.options[0]!.text).toMatch(/^16, all that a device has of a batch: about/);
});

test('a machine that is gone for good can be taken out of a run, even if nobody knows it any more', async () => {
  const across = { listen: 'here:7900', stepSeconds: 5, goOnWithout: true };
  const devices = ['cpu:0', 'gone:7900/cpu:0'];
  service.answer(getRun, () => ({ ...run, state: 'paused' as const, nimg: 256, devices, across }));
  service.answer(appInfo, () => exampleInfo());
  show('overview');
  await fireEvent.keyDown(await screen.findByRole('button', { name: 'More actions' }), { key: 'Enter' });
  await fireEvent.click(await screen.findByRole('menuitem', { name: 'Resume on other devices…' }));
  const gone = await screen.findByRole('checkbox', { name: 'gone:7900/cpu:0 not on offer now' });
  expect(screen.getByLabelText<HTMLInputElement>('Address of this machine').value).toBe('here:7900');
  const withoutIt = screen.getByRole<HTMLInputElement>('switch', { name: 'Go on without a machine that is lost' });
  expect(withoutIt.checked).toBe(true);
  await fireEvent.click(gone);
  await fireEvent.click((await screen.findAllByRole('button', { name: 'Resume' })).at(-1)!);
  await waitFor(() =>
    expect(service.inputsOf(resumeRun)).toEqual([{ id: 7, engine: 'graph', devices: null, across: null }]),
  );
});

test('a micro-batch that is the whole batch is chosen as that', async () => {
  service.answer(getRun, () => ({ ...run, state: 'paused' as const, microBatch: 32 }));
  show('overview');
  await fireEvent.keyDown(await screen.findByRole('button', { name: 'More actions' }), { key: 'Enter' });
  await fireEvent.click(await screen.findByRole('menuitem', { name: 'Resume in other micro-batches…' }));
  const select = await screen.findByLabelText<HTMLSelectElement>('Images at once');
  expect(select.selectedOptions[0]!.text).toMatch(/^32, the whole batch/);
});

test('of the two losses of the overview each says which it is', async () => {
  show('overview');
  expect((await screen.findByText('Loss', { selector: 'dt' })).nextElementSibling?.textContent).toBe(
    '0.200 as measured',
  );
  const reading = (await screen.findByText('smoothed')).parentElement!;
  expect(reading.parentElement?.textContent).toMatch(/^Loss\s+[\d.]+\s+smoothed/);
});

test('lines of the log from another day say of which', async () => {
  const yesterday = new Date();
  yesterday.setDate(yesterday.getDate() - 1);
  yesterday.setHours(14, 2, 11, 0);
  const line = { id: 1, nimg: 35_008, level: 'info' as const, text: 'Paused.' };
  service.answer(runLog, () => [{ ...line, at: yesterday.getTime() }]);
  show('log');
  expect(await screen.findByText(/^\d{1,2} [A-Z][a-z]+ (?:\d{4} )?14:02:11$/)).toBeTruthy();
  expect(screen.getByTitle('35,008 images').textContent).toBe('35.0 kimg');
});

test('a setting of the config is called as in the form, with what that says of it, and by its own name', async () => {
  show('config');
  const row = await screen.findByRole('rowheader', { name: 'Batch size batchSize' });
  expect(within(row).getByTitle('Images of one optimiser step.')).toBeTruthy();
  expect(screen.getByRole('rowheader', { name: 'switches.weightNorm' })).toBeTruthy();
});
