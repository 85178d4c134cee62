import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { appInfo, expectSpeed, setSettings, Settings } from '../../../../contract/app.ts';
import { getDataset, importDataset, listDatasets } from '../../../../contract/datasets.ts';
import { AppError } from '../../../../contract/errors.ts';
import { datasetChanged, deviceStatus, jobChanged } from '../../../../contract/events.ts';
import { listFolders } from '../../../../contract/folders.ts';
import { cancelJob, listJobs } from '../../../../contract/jobs.ts';
import { climb, rungs } from '../../../../contract/ladder.ts';
import { findPreset } from '../../../../contract/presets.ts';
import { addMachine, listMachines, removeMachine, type MachineOffer } from '../../../../contract/machines.ts';
import { listPrecisions, type PrecisionSupport } from '../../../../contract/precision.ts';
import type { NoiseDensity } from '../../../../contract/noise-density.ts';
import { createRun, getRun, listRuns } from '../../../../contract/runs.ts';
import type { GpuInfo } from '../../../../contract/runtime.ts';
import { findTuning } from '../../../../contract/tuning.ts';
import NewRun from '../../../../renderer/pages/new-run/NewRun.svelte';
import { exampleDataset, exampleInfo, exampleJob, exampleRun, exampleRunSummary } from '../../support/examples.ts';
import { whyNot } from '../../support/why-not.ts';

const supports: PrecisionSupport[] = [
  { precision: 'fp32', status: 'good', reason: 'Every device computes in float32.' },
  { precision: 'bf16', status: 'slow', reason: 'The processor has no bfloat16.' },
  { precision: 'fp16', status: 'none', reason: 'Half precision is for GPUs.' },
];

beforeEach(() => {
  localStorage.clear();
  service.asked.length = 0;
  window.location.hash = '#/new';
  service.answer(listDatasets, () => [exampleDataset()]);
  service.answer(listRuns, () => [exampleRunSummary()]);
  service.answer(listJobs, () => []);
  service.answer(appInfo, () => exampleInfo());
  service.answer(expectSpeed, ({ network }) => {
    const { modelChannels, switches } = network;
    if (modelChannels !== 32) return { imagesPerSecond: null, scaled: false };
    return { imagesPerSecond: switches.groupNorm === 'none' ? 50 : 25, scaled: switches.groupNorm !== 'none' };
  });
  service.answer(listMachines, () => []);
  service.answer(listPrecisions, () => supports);
  service.answer(findTuning, () => null);
  service.answer(createRun, () => ({ runId: 8, jobId: 9 }));
  service.open();
});
afterEach(cleanup);

async function open(props: { dataset?: number; from?: number; noise?: NoiseDensity } = {}): Promise<void> {
  render(NewRun, { dataset: props.dataset ?? null, from: props.from ?? null, noise: props.noise ?? null });
  await screen.findByRole('radio', { name: /Twemoji/ });
}

const field = (name: RegExp): HTMLInputElement => screen.getByLabelText<HTMLInputElement>(name);
const type = (name: RegExp, value: string): Promise<unknown> => fireEvent.input(field(name), { target: { value } });
const startButton = (): HTMLElement => screen.getByRole('button', { name: /Start now|Add to queue/ });

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

const card = (index: number, memoryUsed: number): GpuInfo => ({
  ...{ index, name: `NVIDIA H${index}00`, driver: '580.1', computeCapability: '9.0', memoryTotal: 80e9 },
  ...{ memoryUsed, utilisation: 3, temperature: 40, power: 90 },
});

test('several cards are listed with what they have free; a tick more shares each batch', async () => {
  service.answer(appInfo, () => exampleInfo({ runtime: 'cuda12', gpu: 0 }));
  await open();
  const status = { cpuPercent: 3, memoryUsed: 4e9, memoryTotal: 32e9 };
  service.emit(deviceStatus, { ...status, gpus: [card(0, 1e9), card(1, 79.9e9), card(2, 0)] });
  const first = await screen.findByRole<HTMLInputElement>('checkbox', {
    name: 'NVIDIA H000 gpu:0, 79.0 GB of 80.0 GB free; one must compute',
  });
  expect([first.checked, first.disabled]).toEqual([true, true]);
  await fireEvent.click(screen.getByRole('checkbox', { name: /gpu:2/ }));
  expect(screen.getByText(/16 images of each batch of 32 a card/)).toBeTruthy();
  expect(whyNot(startButton())).toBeNull();
  // Of a third one the batch can't be shared out, and there is no room on it.
  await fireEvent.click(screen.getByRole('checkbox', { name: /gpu:1/ }));
  expect(
    screen.getAllByText(/A batch of 32 can’t be shared out evenly over 3 devices; it can over 2, 4 or one/),
  ).toHaveLength(2);
  expect(whyNot(startButton())).not.toBeNull();
  await fireEvent.click(screen.getByRole('checkbox', { name: /gpu:2/ }));
  expect(screen.getByText(/other programs leave 0.1 GB/)).toBeTruthy();
  await fireEvent.click(screen.getByRole('checkbox', { name: /gpu:1/ }));
  await fireEvent.click(screen.getByRole('checkbox', { name: /gpu:2/ }));
  await fireEvent.click(startButton());
  await waitFor(() => expect(service.inputsOf(createRun)[0]).toMatchObject({ devices: ['gpu:0', 'gpu:2'] }));
});

test('on the processor a run is cut in parts by a choice that stays unfolded; as usual nothing is named', async () => {
  await open();
  const select = await screen.findByLabelText<HTMLSelectElement>('Processor');
  const group = select.closest('details')!;
  expect(group.open).toBe(false);
  group.open = true;
  await fireEvent(group, new Event('toggle'));
  await fireEvent.change(select, { target: { value: select.options[2]!.value } });
  expect(screen.getByText('the processor in 4 parts')).toBeTruthy();
  expect(group.open).toBe(true);
  await type(/^Batch size(?!:)/, '30');
  expect((await screen.findAllByText(/can’t be shared out evenly over 4 devices/)).length).toBeGreaterThan(0);
  await type(/^Batch size(?!:)/, '32');
  await fireEvent.click(startButton());
  await waitFor(() =>
    expect(service.inputsOf(createRun)[0]).toMatchObject({ devices: ['cpu:0', 'cpu:1', 'cpu:2', 'cpu:3'] }),
  );
});

const box: MachineOffer = {
  ...{ hostname: 'box', tensorflow: '2.21.0', busy: false },
  devices: [{ device: 'cpu:0', name: 'AMD EPYC, 16 threads', bytes: 64e9, freeBytes: null, precisions: [] }],
};

async function unfoldDevices(): Promise<void> {
  const group = (await screen.findByLabelText('Processor')).closest('details')!;
  group.open = true;
  await fireEvent(group, new Event('toggle'));
}

test('a machine is added once the network is said to be trusted, and shares each batch once it knows how to reach this one', async () => {
  service.answer(addMachine, ({ address }) => ({ address, offer: box, problem: null }));
  service.answer(setSettings, (change) => ({ ...Settings.parse({}), ...change }));
  await open();
  await unfoldDevices();
  await screen.findByText(/None yet/);
  await fireEvent.click(screen.getByRole('button', { name: 'Add a machine…' }));
  const add = (): HTMLElement => screen.getByRole('button', { name: 'Add' });
  await type(/^Address$/, 'Box:7900');
  await type(/^Token$/, ' secret ');
  expect(whyNot(add())).toBe('Address, token and your word that you trust the network are needed');
  expect(screen.getByText(/whoever reaches them can run anything as you/)).toBeTruthy();
  await fireEvent.click(screen.getByRole('switch', { name: 'I trust everybody in this network' }));
  await fireEvent.click(add());
  await waitFor(() => expect(service.inputsOf(addMachine)).toHaveLength(1));
  expect(service.inputsOf(addMachine)[0]).toEqual({ address: 'box:7900', token: 'secret', trustedNetwork: true });

  await fireEvent.click(await screen.findByRole('checkbox', { name: 'AMD EPYC, 16 threads cpu:0, 64.0 GB' }));
  expect(screen.getByText('the processor and box:7900/cpu:0')).toBeTruthy();
  expect(screen.getByRole('option', { name: 'As a whole, 16 images of each batch' })).toBeTruthy();
  expect(screen.getByText('Devices: say where the other machines reach this one.')).toBeTruthy();
  expect(whyNot(startButton())).not.toBeNull();
  await type(/^Address of this machine$/, 'here:7901');
  await fireEvent.click(screen.getByRole('switch', { name: 'Go on without a machine that is lost' }));
  await fireEvent.click(startButton());
  await waitFor(() =>
    expect(service.inputsOf(createRun)[0]).toMatchObject({
      devices: ['cpu:0', 'box:7900/cpu:0'],
      across: { listen: 'here:7901', stepSeconds: null, goOnWithout: true },
    }),
  );
  expect(service.inputsOf(setSettings).at(-1)).toEqual({ listen: 'here:7901' }); // for the next run
});

test('a machine that does not answer says why, and one without a card offers none beside cards', async () => {
  service.answer(appInfo, () => exampleInfo({ runtime: 'cuda12', gpu: 0 }));
  service.answer(listMachines, () => [
    { address: 'away:7900', offer: null, problem: 'No worker answers at away:7900.' },
    { address: 'box:7900', offer: box, problem: null },
  ]);
  await open();
  const group = (await screen.findByText('Devices')).closest('details')!;
  group.open = true;
  await fireEvent(group, new Event('toggle'));
  expect(await screen.findByText('No worker answers at away:7900.')).toBeTruthy();
  expect(screen.getByText('It has no card. Cards and processors don’t share a batch.')).toBeTruthy();
  expect(screen.queryByRole('checkbox', { name: /EPYC/ })).toBeNull();
  service.answer(removeMachine, () => ({}));
  await fireEvent.click(screen.getByRole('button', { name: 'Forget away:7900' }));
  await waitFor(() => expect(screen.queryByText('No worker answers at away:7900.')).toBeNull());
  expect(service.inputsOf(removeMachine)).toEqual([{ address: 'away:7900' }]);
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
