import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
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
import { editRun, getRun, pauseRun, resumeRun, runLog, runTicks, stopRun } from '../../../../contract/runs.ts';
import { runSystem, systemSampled, type SystemColumns } from '../../../../contract/system.ts';
import { listSamples } from '../../../../contract/samples.ts';
import { toasts } from '../../../../renderer/lib/state/toasts.svelte.ts';
import RunPage from '../../../../renderer/pages/run/Run.svelte';
import { exampleJob, exampleSample } from '../../support/examples.ts';
import { whyNot } from '../../support/why-not.ts';

import { run, show, summary, ticks, useRunPage } from '../../support/run-page.ts';

useRunPage();

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

test('all numbers of a run are saved as CSV and JSON, and its event file for TensorBoard', async () => {
  show('overview');
  const asked: string[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    asked.push(`${this.getAttribute('href')} ${this.download}`);
  });
  for (const name of ['every tick as CSV', 'every tick as JSON', 'every layer, too, as CSV', 'for TensorBoard']) {
    await openMenu();
    await fireEvent.click(screen.getByRole('menuitem', { name: `Save ${name}` }));
  }
  expect(asked).toEqual([
    '/files/runs/7/ticks.csv emoji.csv',
    '/files/runs/7/ticks.json emoji.json',
    '/files/runs/7/numbers.csv emoji-layers.csv',
    '/files/runs/7/tensorboard events.out.tfevents.edm2-studio-7',
  ]);
  expect(toasts.list.at(-1)?.text).toContain('tensorboard --logdir');
  vi.restoreAllMocks();
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
  expect([figure('Seen'), figure('Loss'), figure('Trained for')]).toEqual(['256 images of 35.0 kimg', '1.25', '5 s']);
  expect(screen.queryByText('To go')).toBeNull();
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

test('figures and the heads of charts both say what was measured, whatever is smoothed', async () => {
  show('overview');
  const figure = await screen.findByText('Loss', { selector: 'dt' });
  expect(figure.nextElementSibling?.textContent).toBe('0.200');
  const words = await screen.findByText(/^Loss, as measured\. Loss: [\d.]+ at/);
  const [, measured = ''] = /Loss: ([\d.]+) at/.exec(words.textContent)!;
  expect(within(words.closest('figure')!).getByText(measured, { selector: 'b' })).toBeTruthy();
  expect(screen.queryByText('smoothed')).toBeNull();
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
