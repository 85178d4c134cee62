import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, screen, waitFor, within } from '@testing-library/svelte';
import { expect, test, vi } from 'vitest';
import { appInfo } from '../../../../contract/app.ts';
import { getDataset, importDataset, listDatasets } from '../../../../contract/datasets.ts';
import { AppError } from '../../../../contract/errors.ts';
import { datasetChanged, jobChanged } from '../../../../contract/events.ts';
import { listFolders } from '../../../../contract/folders.ts';
import { cancelJob } from '../../../../contract/jobs.ts';
import { climb, rungs } from '../../../../contract/ladder.ts';
import { findPreset } from '../../../../contract/presets.ts';
import { createRun, getRun } from '../../../../contract/runs.ts';
import { exampleDataset, exampleInfo, exampleJob, exampleRun } from '../../support/examples.ts';
import { whyNot } from '../../support/why-not.ts';
import { field, open, startButton, type, useNewRunPage } from '../../support/new-run-page.ts';

useNewRunPage();

test('with the defaults untouched, one press starts the demo preset on the only picture set', async () => {
  await open();
  await fireEvent.click(startButton());
  await waitFor(() => expect(service.inputsOf(createRun)).toHaveLength(1));
  const [sent] = service.inputsOf(createRun);
  expect(sent).toMatchObject({ name: 'Twemoji demo 2', datasetId: 1 });
  expect(sent!.config).toEqual(findPreset('demo')!.config);
  expect(sent!.devices).toBeNull();
  await waitFor(() => expect(window.location.hash).toBe('#/runs/8/overview'));
});

test('a bad value is told beside its field, keeps the run from starting, and putting it right lets it start', async () => {
  await open();
  await type(/^Learning rate(?!:)/, '0');
  const input = field(/^Learning rate(?!:)/);
  expect(input.getAttribute('aria-invalid')).toBe('true');
  const described = input.getAttribute('aria-describedby')!.split(' ');
  expect(described.map((id) => document.getElementById(id)?.textContent).join(' ')).toContain('Must be more than 0.');
  expect(whyNot(startButton())).not.toBeNull();

  await fireEvent.click(screen.getByRole('button', { name: /Learning rate: back to 0.01/ }));
  expect(whyNot(startButton())).toBeNull();
});

test('what was typed is what is sent', async () => {
  await open();
  await type(/^Duration/, '70k');
  await type(/^EMA lengths/, '0.05, 0.1, 0.15');
  await fireEvent.click(screen.getByLabelText(/^Horizontal flips/));
  await fireEvent.click(startButton());
  await waitFor(() => expect(service.inputsOf(createRun)).toHaveLength(1));
  expect(service.inputsOf(createRun)[0]!.config.training).toMatchObject({
    durationImages: 70_000,
    sigmaRels: [0.05, 0.1, 0.15],
    horizontalFlips: true,
  });
});

test('a network that can’t exist for these pictures is refused with the reason', async () => {
  await open();
  await type(/^Channel multipliers/, '1, 2, 2, 2, 2, 2');
  await type(/^Channels per head/, '512');
  const panel = screen.getByRole('complementary');
  await fireEvent.click(startButton());
  expect(within(panel).getByRole('alert').textContent).toMatch(/head/i);
  expect(service.inputsOf(createRun)).toHaveLength(0);
});

test('attention where blocks are narrower than a head is refused with what helps, and that helps', async () => {
  await open();
  const panel = screen.getByRole('complementary');
  await type(/^Attention resolutions(?!:)/, '32');
  expect(within(panel).getByText(/leave 32 out of attnResolutions/)).toBeTruthy();
  expect(whyNot(startButton())).not.toBeNull();
  await type(/^Attention resolutions(?!:)/, '');
  expect(within(panel).queryByText(/leave 32 out/)).toBeNull();
  await fireEvent.click(startButton());
  await waitFor(() => expect(service.inputsOf(createRun)).toHaveLength(1));
});

test('the check says speed and time only where an earlier run showed them', async () => {
  await open();
  const panel = screen.getByRole('complementary');
  await within(panel).findByText(/about 50\.0 img\/s/);
  expect(panel.textContent).toMatch(/about 11 min|about 12 min/);
  expect(panel.textContent).toContain('as in earlier runs here');
  await fireEvent.click(screen.getByRole('radio', { name: /^C\b/ }));
  await within(panel).findByText(/about 25\.0 img\/s/);
  expect(panel.textContent).toContain('scaled from other runs here');
  await type(/^Model channels/, '48');
  await within(panel).findByText('unknown until it has run here');
});

test('a plan that does not fit on the disk is refused', async () => {
  service.answer(appInfo, () => exampleInfo({ diskFreeBytes: 1e6 }));
  await open();
  expect(await screen.findByText(/will not fit on the disk/)).toBeTruthy();
  expect(whyNot(startButton())).not.toBeNull();
});

test('a run too large for the device is refused with what would fit, and started when the user insists', async () => {
  service.answer(appInfo, () =>
    exampleInfo({ trainingMemory: { device: 'NVIDIA T4', bytes: 0.8e9, freeBytes: null } }),
  );
  await open();
  expect(await screen.findByText(/and NVIDIA T4 has 0\.8 GB\. Micro-batch \d+ would fit/)).toBeTruthy();
  expect(whyNot(startButton())).not.toBeNull();
  await fireEvent.click(screen.getByLabelText(/^Start it all the same/));
  await fireEvent.click(startButton());
  await waitFor(() => expect(service.inputsOf(createRun)).toMatchObject([{ force: true }]));
});

test('choosing a preset fills the fields, and the paper’s sizes say their size', async () => {
  await open();
  await fireEvent.click(screen.getByRole('radio', { name: /^Small/ }));
  expect(field(/^Duration/).value).toBe('4Mi');
  expect(screen.getByRole('radio', { name: /^XXL/ }).closest('label')?.textContent).toMatch(/\d/);
});

test('choosing configuration C sends a run with the switches and rate of rung C', async () => {
  await open();
  const panel = screen.getByRole('complementary');
  expect(screen.getByRole('radio', { name: /^G:/ })).toHaveProperty('checked', true);
  const before = panel.querySelector('dd')!.textContent;
  await fireEvent.click(screen.getByRole('radio', { name: /^C:/ }));
  expect(screen.getByText(rungs.C.summary, { exact: false })).toBeTruthy();
  expect(field(/^Learning rate(?!:)/).value).toBe('0.0002');
  expect(panel.querySelector('dd')!.textContent).not.toBe(before);
  await fireEvent.click(startButton());
  await waitFor(() => expect(service.inputsOf(createRun)).toHaveLength(1));
  const [sent] = service.inputsOf(createRun);
  expect(sent!.name).toBe('Twemoji demo C');
  expect(sent!.config.network.switches).toEqual(rungs.C.switches);
  expect(sent!.config).toEqual(climb(findPreset('demo')!.config, 'C'));
});

test('a single switch is chosen by the letters that have its values, told in words, and sent', async () => {
  await open();
  await fireEvent.click(screen.getByText('Single switches'));
  const select = screen.getByLabelText<HTMLSelectElement>('Normalisation of weights');
  expect([...select.options].map(({ text }) => text)).toEqual([
    'none (A–C)',
    'on use (D)',
    'forced at each step (E–G)',
  ]);
  await fireEvent.change(select, { target: { value: 'on-use' } });
  screen.getByText('Changed in it: normalisation of weights: on use.');
  expect(field(/^Name/).value).toBe('Twemoji demo weightNorm=on-use');
  await fireEvent.click(startButton());
  await waitFor(() => expect(service.inputsOf(createRun)).toHaveLength(1));
  expect(service.inputsOf(createRun)[0]!.config.network.switches).toEqual({
    ...rungs.G.switches,
    weightNorm: 'on-use',
  });
});

test('switches in which nothing would be learned are refused with the way out', async () => {
  await open();
  await fireEvent.click(screen.getByText('Single switches'));
  await fireEvent.change(screen.getByLabelText('Normalisation of weights'), { target: { value: 'none' } });
  expect((await screen.findAllByText(/set weightInit to 'uniform'/)).length).toBeGreaterThan(0);
  await fireEvent.click(screen.getByRole('button', { name: 'All as in the configuration' }));
  expect(screen.queryByText(/set weightInit to 'uniform'/)).toBeNull();
});

test('each configuration of the ladder can be started as it is', async () => {
  await open();
  for (const letter of ['A', 'B', 'D', 'E', 'F', 'G']) {
    await fireEvent.click(screen.getByRole('radio', { name: new RegExp(`^${letter}:`) }));
    expect(whyNot(startButton())).toBeNull();
  }
});

test('settings of an earlier run come over with a name that is free', async () => {
  const run = exampleRun();
  const config = { ...run.config, training: { ...run.config.training, learningRate: 0.003 } };
  service.answer(getRun, () => ({ ...run, config }));
  await open({ from: 7 });
  await waitFor(() => expect(field(/^Learning rate(?!:)/).value).toBe('0.003'));
  expect(field(/^Name$/).value).toBe('Twemoji demo 2');
  await fireEvent.click(startButton());
  await waitFor(() => expect(service.inputsOf(createRun)[0]?.config).toEqual(config));
});

test('noise levels that a run’s numbers advise are filled in, said and marked, in sight, and can be taken back', async () => {
  const run = exampleRun();
  service.answer(getRun, () => run);
  const { pMean } = run.config.training;
  await open({ from: 7, noise: { pMean: -0.55, pStd: 1.2 } });
  await waitFor(() => expect(field(/^Noise mean$/).value).toBe('-0.55'));
  expect(field(/^Noise spread$/).value).toBe('1.2');
  expect(field(/^Noise mean$/).closest('details')!.open).toBe(true);
  expect(screen.getByText(/, under Noise and data\. All else is as in that run\./)).toBeTruthy();
  const summary = field(/^Noise mean$/)
    .closest('details')!
    .querySelector('summary')!;
  expect(summary.textContent).toContain('2 changed');
  await fireEvent.click(startButton());
  await waitFor(() =>
    expect(service.inputsOf(createRun)[0]?.config.training).toMatchObject({ pMean: -0.55, pStd: 1.2 }),
  );
  await fireEvent.click(screen.getByRole('button', { name: `Noise mean: back to ${pMean}` }));
  await waitFor(() => expect(screen.queryByText(/All else is as in that run/)).toBeNull());
});

test('a folder is picked, imported with progress that can be cancelled, and its problems are listed', async () => {
  const folder = { id: 'f1', name: 'cats', path: '/home/someone/cats' };
  service.answer(listFolders, ({ id }) =>
    id === null
      ? { folder: null, parent: null, folders: [folder], pictures: 0 }
      : { folder, parent: null, folders: [], pictures: 12 },
  );
  service.answer(importDataset, () => ({ jobId: 30 }));
  service.answer(cancelJob, () => ({}));
  await open();
  await fireEvent.click(screen.getByRole('button', { name: /Import your own pictures/ }));
  await fireEvent.click(await screen.findByRole('button', { name: '/home/someone/cats' }));
  expect(await screen.findByText(/12 pictures directly in here/)).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Use this folder' }));
  await fireEvent.input(within(screen.getByRole('dialog')).getByLabelText('Name'), { target: { value: 'My cats' } });
  await fireEvent.click(screen.getByRole('button', { name: 'Import' }));
  await waitFor(() =>
    expect(service.inputsOf(importDataset)).toEqual([{ folder: 'f1', options: { name: 'My cats', resolution: 32 } }]),
  );

  service.emit(jobChanged, exampleJob({ title: 'My cats' }));
  const bar = await screen.findByRole('progressbar');
  expect(bar.getAttribute('aria-valuenow')).toBe('25');
  await fireEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  await waitFor(() => expect(service.inputsOf(cancelJob)).toEqual([{ id: 30 }]));

  const cats = exampleDataset({ id: 2, name: 'My cats', count: 11, problemCount: 1 });
  service.answer(getDataset, () => ({
    dataset: cats,
    problems: [{ file: 'torn.jpg', reason: 'the file ends early' }],
  }));
  service.emit(datasetChanged, cats);
  service.emit(jobChanged, exampleJob({ title: 'My cats', state: 'done', datasetId: 2 }));
  expect(await screen.findByText(/11 pictures, 1 file was left out/)).toBeTruthy();
  expect(screen.getByText('torn.jpg').closest('li')?.textContent).toContain('the file ends early');
  // What was imported here is what will be trained on.
  expect(screen.getByRole('radio', { name: /My cats/ })).toHaveProperty('checked', true);
});

test('an import that the service refuses says why, and the dialog stays', async () => {
  const folder = { id: 'f1', name: 'empty', path: '/empty' };
  service.answer(listFolders, () => ({ folder, parent: null, folders: [], pictures: 0 }));
  service.answer(importDataset, () => {
    throw new AppError('dataset', 'The folder “empty” holds no pictures.');
  });
  await open();
  await fireEvent.click(screen.getByRole('button', { name: /Import your own pictures/ }));
  await fireEvent.click(await screen.findByRole('button', { name: 'Use this folder' }));
  await fireEvent.click(screen.getByRole('button', { name: 'Import' }));
  expect(await screen.findByText('The folder “empty” holds no pictures.')).toBeTruthy();
  expect(screen.getByRole('dialog')).toBeTruthy();
});

test('an unfolded group of settings stays unfolded while its fields change', async () => {
  await open();
  const group = field(/^Snapshot every/).closest('details')!;
  group.open = true;
  await fireEvent(group, new Event('toggle'));
  await type(/^Snapshot every/, '512');
  await type(/^Tick every/, '0');
  expect(group.open).toBe(true);
});

test('a precision that the device can’t do is not to be chosen; a slow one warns, is sent, and a preset takes it back', async () => {
  await open();
  const precision = (name: RegExp): HTMLInputElement => screen.getByRole('radio', { name });
  await waitFor(() => expect(precision(/^fp16/).disabled).toBe(true));
  expect(screen.getByText('No fp16: Half precision is for GPUs.')).toBeTruthy();
  await fireEvent.click(precision(/^bf16/));
  expect(screen.getAllByText(/The processor has no bfloat16/)).toHaveLength(2); // under the choice, and in the check
  await fireEvent.click(startButton());
  await waitFor(() => expect(service.inputsOf(createRun)).toHaveLength(1));
  expect(service.inputsOf(createRun)[0]!.config.training.precision).toBe('bf16');
  await fireEvent.click(screen.getByRole('radio', { name: /^Small/ }));
  expect(precision(/^fp32/).checked).toBe(true);
});

test('a run’s settings in a precision that this device can’t do keep the run from starting', async () => {
  const run = exampleRun();
  const config = { ...run.config, training: { ...run.config.training, precision: 'fp16' as const } };
  service.answer(getRun, () => ({ ...run, config }));
  await open({ from: run.id });
  await screen.findByText('This device can’t train in fp16. Half precision is for GPUs.');
  expect(whyNot(startButton())).not.toBeNull();
});

test('what was entered is there again after a look at another page, until the run is started', async () => {
  await open();
  await type(/^Batch size(?!:)/, '48');
  await type(/^Name$/, 'mine');
  await fireEvent.click(screen.getByRole('radio', { name: /^C:/ }));
  cleanup();
  await open();
  expect(field(/^Batch size(?!:)/).value).toBe('48');
  expect(field(/^Name$/).value).toBe('mine');
  expect(screen.getByText('What you entered before is still here.')).toBeTruthy();
  expect(screen.getByRole<HTMLInputElement>('radio', { name: /^C:/ }).checked).toBe(true);
  await fireEvent.click(startButton());
  await waitFor(() => expect(service.inputsOf(createRun)).toHaveLength(1));
  expect(service.inputsOf(createRun)[0]!.config.training.batchSize).toBe(48);
  await waitFor(() => expect(window.location.hash).toBe('#/runs/8/overview'));
  cleanup();
  await open();
  expect(field(/^Batch size(?!:)/).value).toBe('32');
  expect(screen.queryByText(/still here/)).toBeNull();
});

test('a draft is begun anew by a button, and an untouched form says nothing of one', async () => {
  await open();
  cleanup();
  await open();
  expect(screen.queryByText(/still here/)).toBeNull();
  await type(/^Batch size(?!:)/, '48');
  cleanup();
  await open();
  await fireEvent.click(screen.getByRole('button', { name: 'Begin anew' }));
  expect(field(/^Batch size(?!:)/).value).toBe('32');
});

test('a refused start keeps the draft', async () => {
  service.answer(createRun, () => {
    throw new AppError('no-space', 'The disk is full.');
  });
  await open();
  await type(/^Batch size(?!:)/, '48');
  await fireEvent.click(startButton());
  await waitFor(() => expect(service.inputsOf(createRun)).toHaveLength(1));
  cleanup();
  await open();
  expect(field(/^Batch size(?!:)/).value).toBe('48');
});

test('in a small window the check and its button are at the foot, with the first problem in words', async () => {
  const media = vi
    .spyOn(window, 'matchMedia')
    .mockImplementation(
      (query) =>
        Object.assign(new EventTarget(), { matches: query.includes('1200px'), media: query }) as MediaQueryList,
    );
  await open();
  const foot = screen.getByRole('contentinfo');
  expect(within(foot).getByText(/parameters, 35\.0 kimg/)).toBeTruthy();
  await type(/^Batch size(?!:)/, '0');
  expect(await within(foot).findByText(/^Batch size: /)).toBeTruthy();
  expect(whyNot(within(foot).getByRole('button', { name: 'Start now' }))).toBe('Mend first what the check says');
  expect(screen.getAllByRole('button', { name: 'Start now' })).toHaveLength(1);
  media.mockRestore();
});

test('the pictures that were chosen are kept, too, though they are known only after the form is there', async () => {
  service.answer(listDatasets, () => [exampleDataset(), exampleDataset({ id: 2, name: 'Cats' })]);
  service.emit(datasetChanged, exampleDataset({ id: 2, name: 'Cats' }));
  service.answer(getRun, () => exampleRun({ id: 7, name: 'old', datasetId: 1 }));
  await open({ from: 7, dataset: 1 });
  await waitFor(() => expect(field(/^Name$/).value).toBe('old 2'));
  expect(screen.queryByText(/still here/)).toBeNull();
  cleanup();
  await open({ from: 7, dataset: 1 });
  await waitFor(() => expect(field(/^Name$/).value).toBe('old 2'));
  expect(screen.queryByText(/still here/)).toBeNull(); // nothing was entered
  await fireEvent.click(screen.getByRole('radio', { name: /Cats/ }));
  cleanup();
  await open({ from: 7, dataset: 1 });
  await waitFor(() => expect(screen.getByRole<HTMLInputElement>('radio', { name: /Cats/ }).checked).toBe(true));
  expect(screen.getByText('What you entered before is still here.')).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Begin anew' }));
  await waitFor(() => expect(screen.getByRole<HTMLInputElement>('radio', { name: /Twemoji/ }).checked).toBe(true));
});
