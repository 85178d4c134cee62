import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { jobChanged } from '../../../../contract/events.ts';
import { AppError } from '../../../../contract/errors.ts';
import { listJobs } from '../../../../contract/jobs.ts';
import { listProfiles, measureStep, profileAdded, type KeptProfile } from '../../../../contract/profile.ts';
import StepProfile from '../../../../renderer/pages/run/StepProfile.svelte';
import { toasts } from '../../../../renderer/lib/state/toasts.svelte.ts';
import { exampleProfile } from '../../../support/profiles.ts';
import { exampleJob, exampleRun } from '../../support/examples.ts';
import { whyNot } from '../../support/why-not.ts';

const kept = (part: Partial<KeptProfile> = {}): KeptProfile => ({
  ...{ id: 3, runId: 7, nimg: 512, createdAt: Date.now(), profile: exampleProfile() },
  ...part,
});
const show = (state: 'paused' | 'running' | 'finished') =>
  render(StepProfile, { run: exampleRun({ id: 7, name: 'emoji', state }) });
const button = (): Promise<HTMLElement> => screen.findByRole('button', { name: 'Measure a step' });

beforeAll(() => {
  service.answer(listJobs, () => []);
  service.open();
});
beforeEach(() => {
  service.asked.length = 0;
  service.answer(listProfiles, () => []);
  service.answer(measureStep, () => ({ jobId: null }));
});
afterEach(() => {
  cleanup();
  for (const { id } of toasts.list) toasts.dismiss(id);
});

test('before anything was measured it says what measuring tells', async () => {
  show('paused');
  expect(await screen.findByText(/One step is traced/)).toBeTruthy();
  expect(service.inputsOf(listProfiles)).toEqual([{ runId: 7 }]);
});

test('a measurement is told by kind and by op, with the layer, and its trace can be saved', async () => {
  service.answer(listProfiles, () => [kept()]);
  show('paused');
  const legend = within(await screen.findByRole('list', { name: 'Time by kind' }));
  const items = legend.getAllByRole('listitem').map((item) => item.textContent.replaceAll(/\s+/g, ' ').trim());
  expect(items).toEqual([
    'convolutions 75 % 750 ms 200 ops',
    'matrix products 25 % 250 ms 40 ops',
    'weights 0 % 0 ms 5,477 ops',
  ]);
  const rows = within(screen.getByRole('table', { name: 'The slowest ops' })).getAllByRole('row');
  expect(rows).toHaveLength(11);
  expect(
    within(rows[1]!)
      .getAllByRole('cell')
      .map((cell) => cell.textContent),
  ).toEqual([...['unet.out_conv', 'convolutions', 'float32 [16,32,32,3]', '100 ms', '10 %']]);
  expect(
    screen.getByText(/5,717 ops · 512 ms by the clock, 999 ms\s+with the trace · 16\s+pictures · CPU, 2 threads/),
  ).toBeTruthy();
  expect(screen.getByText(/Memory at the peak: 312 MB\s+of tensors/)).toBeTruthy();
  const save = screen.getByRole('link', { name: 'Save trace' });
  expect(save.getAttribute('href')).toBe('/files/profiles/3.json');
  expect(save.getAttribute('download')).toBe('emoji-training-3.json');
});

test('a run that trains is asked for its next step, and what it tells appears', async () => {
  show('running');
  await fireEvent.click(await button());
  expect(await screen.findByText('The run measures one of its next steps.')).toBeTruthy();
  expect(whyNot(await button())).not.toBeNull();
  service.emit(profileAdded, kept({ id: 9, runId: 8 })); // another run's
  expect(screen.getByText('The run measures one of its next steps.')).toBeTruthy();
  service.emit(profileAdded, kept({ id: 4 }));
  expect(await screen.findByRole('list', { name: 'Time by kind' })).toBeTruthy();
  expect(whyNot(await button())).toBeNull();
  expect(service.inputsOf(measureStep)).toEqual([{ runId: 7, work: 'training' }]);
});

test('a run that ends before its step was measured is not waited for', async () => {
  const { rerender } = show('running');
  await fireEvent.click(await button());
  expect(await screen.findByText('The run measures one of its next steps.')).toBeTruthy();
  await rerender({ run: exampleRun({ id: 7, state: 'paused' }) });
  expect(screen.queryByText('The run measures one of its next steps.')).toBe(null);
  expect(whyNot(await button())).toBeNull();
});

test('drawing is not measured while the run trains, and the page says what to do', async () => {
  show('running');
  await fireEvent.click(screen.getByRole('radio', { name: 'Drawing' }));
  expect(await screen.findByText(/Pause the run to measure drawing/)).toBeTruthy();
  expect(whyNot(await button())).not.toBeNull();
});

test('a paused run is measured by a job, which is shown until it ends', async () => {
  service.answer(measureStep, () => ({ jobId: 21 }));
  show('paused');
  await fireEvent.click(screen.getByRole('radio', { name: 'Drawing' }));
  await fireEvent.click(await button());
  const progress = { done: 2, total: 6, unit: 'steps', text: 'Timing the step' };
  const job = exampleJob({ id: 21, kind: 'profile', runId: 7, title: 'emoji: drawing', progress });
  service.emit(jobChanged, job);
  expect(await screen.findByText('Measuring “emoji: drawing”')).toBeTruthy();
  expect(screen.getByText(/Timing the step: 2 of 6\s+steps/)).toBeTruthy();
  service.emit(jobChanged, { ...job, state: 'done' });
  expect(whyNot(await button())).toBeNull();
  expect(service.inputsOf(measureStep)).toEqual([{ runId: 7, work: 'sampling' }]);
});

test('of several measurements the newest is shown, and others can be chosen', async () => {
  const drawing = kept({ id: 2, nimg: 64, profile: exampleProfile({ work: 'sampling', ops: 555 }) });
  service.answer(listProfiles, () => [kept(), drawing]);
  show('finished');
  const choice = await screen.findByRole('combobox', { name: 'Measurement' });
  expect(
    within(choice)
      .getAllByRole('option')
      .map((option) => option.textContent.trim().split(',')[0]),
  ).toEqual([...['Training step at 512 images', 'Drawing at 64 images']]);
  expect(screen.getByText(/5,717 ops/)).toBeTruthy();
  await fireEvent.change(choice, {
    target: { value: within(choice).getAllByRole<HTMLOptionElement>('option')[1]!.value },
  });
  expect(await screen.findByText(/555 ops/)).toBeTruthy();
});

test('a refusal is said, and the button can be pressed again', async () => {
  service.answer(measureStep, () => {
    throw new AppError('conflict', '"other" trains, and both would disturb each other.');
  });
  show('paused');
  await fireEvent.click(await button());
  await expect
    .poll(() => toasts.list.map(({ text }) => text))
    .toEqual(['"other" trains, and both would disturb each other.']);
  expect(whyNot(await button())).toBeNull();
});
