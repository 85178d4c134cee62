import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appInfo, getSettings, setSettings, type Settings } from '../../../../contract/app.ts';
import { AppError } from '../../../../contract/errors.ts';
import { runtimeProgress, settingsChanged } from '../../../../contract/events.ts';
import {
  listRuntimes,
  runDoctor,
  useRuntime,
  type DoctorReport,
  type GpuInfo,
  type RuntimeStatus,
} from '../../../../contract/runtime.ts';
import { emptySetAside, listSetAside, type SetAside } from '../../../../contract/set-aside.ts';
import SetAsideBar from '../../../../renderer/lib/frame/SetAsideBar.svelte';
import { setAside } from '../../../../renderer/lib/state/set-aside.svelte.ts';
import { theme } from '../../../../renderer/lib/state/theme.svelte.ts';
import About from '../../../../renderer/pages/about/About.svelte';
import SettingsPage from '../../../../renderer/pages/settings/Settings.svelte';
import { exampleInfo } from '../../support/examples.ts';

const cpu: RuntimeStatus = {
  name: 'cpu',
  title: 'CPU',
  state: 'ready',
  version: '2.21.0',
  downloadBytes: 0,
  active: true,
};
const cuda: RuntimeStatus = {
  name: 'cuda12',
  title: 'NVIDIA GPU (CUDA 12)',
  state: 'absent',
  version: '2.21.0',
  downloadBytes: 3.2e9,
  active: false,
};
const processor = { name: 'AMD EPYC', cores: 8, threads: 16, instructions: ['AVX2', 'AVX-512'], memoryBytes: 64e9 };
const card = (index: number): GpuInfo => ({
  index,
  name: 'NVIDIA H100',
  driver: '560.35',
  computeCapability: '9.0',
  memoryTotal: 80e9,
  memoryUsed: 0,
  utilisation: 0,
  temperature: 30,
  power: 70,
});
const nothing: SetAside = { count: 0, sizeBytes: 0, path: '/library/set-aside', newest: null, files: [] };
let settings: Settings;

beforeEach(() => {
  service.asked.length = 0;
  settings = {
    singleKeys: true,
    theme: 'system',
    runtime: null,
    threads: null,
    gpu: null,
    compile: 'none',
    deterministic: false,
    notifications: true,
    listen: null,
  };
  service.answer(getSettings, () => settings);
  service.answer(setSettings, (part) => {
    settings = { ...settings, ...part } as Settings;
    return settings;
  });
  service.answer(appInfo, () => exampleInfo());
  service.answer(listSetAside, () => nothing);
  service.answer(listRuntimes, () => ({ runtimes: [cpu, cuda], processor, gpus: [] }));
  service.open();
});
afterEach(cleanup);

test('each change is sent by itself at once', async () => {
  render(SettingsPage);
  await fireEvent.click(await screen.findByRole('radio', { name: 'Dark' }));
  await fireEvent.click(screen.getByRole('switch', { name: 'Say when a run ends' }));
  await fireEvent.input(screen.getByLabelText('Threads'), { target: { value: '4' } });
  await waitFor(() =>
    expect(service.inputsOf(setSettings)).toEqual([{ theme: 'dark' }, { notifications: false }, { threads: 4 }]),
  );
});

test('what was changed in another window or tab shows here at once, the theme in the whole page', async () => {
  render(SettingsPage);
  await screen.findByRole('radio', { name: 'Dark' });
  service.emit(settingsChanged, { ...settings, theme: 'dark', threads: 3 });
  await waitFor(() => expect(theme.name).toBe('dark'));
  expect(screen.getByRole<HTMLInputElement>('radio', { name: 'Dark' }).checked).toBe(true);
  expect(screen.getByLabelText<HTMLInputElement>('Threads').value).toBe('3');
});

test('all devices are listed with what they can do', async () => {
  service.answer(listRuntimes, () => ({ runtimes: [cpu, cuda], processor, gpus: [card(0)] }));
  render(SettingsPage);
  expect(await screen.findByText('AMD EPYC')).toBeTruthy();
  expect(screen.getByText('8 cores, 16 threads, 64.0 GB memory, AVX2, AVX-512')).toBeTruthy();
  expect(screen.getByText('80.0 GB memory, driver 560.35, compute capability 9.0')).toBeTruthy();
  expect(screen.queryByLabelText('Graphics card')).toBeNull(); // there is nothing to choose
  expect(screen.queryByLabelText(/XLA/)).toBeNull(); // jobs use the CPU
});

test('one of several cards can be chosen, and XLA be tried where jobs use a card', async () => {
  const active = { ...cuda, state: 'ready' as const, active: true };
  service.answer(listRuntimes, () => ({
    runtimes: [{ ...cpu, active: false }, active],
    processor,
    gpus: [card(0), card(1)],
  }));
  render(SettingsPage);
  await fireEvent.change(await screen.findByLabelText('Graphics card'), { target: { value: '1' } });
  await fireEvent.change(screen.getByLabelText('Compile with XLA (experimental)'), { target: { value: 'network' } });
  await fireEvent.click(screen.getByRole('switch', { name: 'Deterministic kernels' }));
  const changes = [{ gpu: 1 }, { compile: 'network' }, { deterministic: true }];
  await waitFor(() => expect(service.inputsOf(setSettings)).toEqual(changes));
});

test('a number of threads out of range is not sent', async () => {
  render(SettingsPage);
  await fireEvent.input(await screen.findByLabelText('Threads'), { target: { value: '0' } });
  expect(await screen.findByText('Must be 1 to 1,024.')).toBeTruthy();
  expect(service.inputsOf(setSettings)).toEqual([]);
});

test('a runtime is installed with its progress in sight', async () => {
  service.answer(useRuntime, () => ({}));
  render(SettingsPage);
  expect(await screen.findByText(/Not installed\. 3\.20 GB to download/)).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Install and use' }));
  await waitFor(() => expect(service.inputsOf(useRuntime)).toEqual([{ name: 'cuda12' }]));
  const progress = {
    name: 'cuda12',
    text: 'Downloading cudnn',
    done: 0.8e9,
    total: 3.2e9,
    finished: false,
    error: null,
  } as const;
  service.emit(runtimeProgress, progress);
  expect((await screen.findByRole('progressbar', { name: /Installing NVIDIA/ })).getAttribute('aria-valuenow')).toBe(
    '25',
  );
  const installed: RuntimeStatus = { ...cuda, state: 'ready', active: true };
  service.answer(listRuntimes, () => ({
    runtimes: [{ ...cpu, active: false }, installed],
    processor,
    gpus: [],
  }));
  service.emit(runtimeProgress, { ...progress, done: 3.2e9, finished: true });
  expect(await screen.findByText('Jobs use this one.')).toBeTruthy();
  await waitFor(() => expect(screen.queryByRole('progressbar')).toBeNull());
});

test('an installation that fails says why', async () => {
  service.answer(useRuntime, () => {
    throw new AppError('no-space', 'The disk has 1.0 GB free, the runtime needs 3.2 GB.');
  });
  render(SettingsPage);
  await fireEvent.click(await screen.findByRole('button', { name: 'Install and use' }));
  expect(await screen.findByText(/needs 3\.2 GB/)).toBeTruthy();
});

test('the doctor says aloud that a GPU is there and not used, and what to do', async () => {
  const report: DoctorReport = {
    runtime: 'cuda12',
    device: 'CPU, 8 threads',
    fellBack: true,
    ok: true,
    checks: [
      { id: 'python', status: 'good', title: 'Python', detail: '3.11', advice: null },
      {
        id: 'cudnn',
        status: 'bad',
        title: 'cuDNN',
        detail: 'libcudnn.so.9 was not found',
        advice: 'Install the runtime again.',
      },
    ],
  };
  service.answer(runDoctor, () => report);
  render(SettingsPage);
  await fireEvent.click(await screen.findByRole('button', { name: 'Examine this machine' }));
  expect((await screen.findByRole('alert')).textContent).toMatch(/There is a GPU, but TensorFlow computes on the CPU/);
  expect(screen.getByText('Install the runtime again.')).toBeTruthy();
  expect(screen.getByRole('img', { name: 'Not working' })).toBeTruthy();
  expect(screen.getByRole('img', { name: 'Good' })).toBeTruthy();
});

test('About names the versions, the papers and whose pictures the demo shows', async () => {
  render(About);
  expect(await screen.findByText('3.54.1')).toBeTruthy();
  const text = document.body.textContent;
  for (const words of [
    '2206.00364',
    '2312.02696',
    '2406.02507',
    'Copyright Twitter, Inc and other contributors',
    'CC BY 4.0',
  ]) {
    expect(text).toContain(words);
  }
});

test('what was set aside is told once, shown with count and size, and emptied when that is confirmed', async () => {
  const name = '2026-11-28T06-30-00-000Z';
  const file = `set-aside/${name}/files/runs/1/snapshots/x.safetensors`;
  let content: SetAside = { ...nothing, count: 1, sizeBytes: 12_000_000, newest: name, files: [file] };
  service.answer(listSetAside, () => content);
  service.answer(emptySetAside, () => {
    content = nothing;
    return {};
  });
  await setAside.load();
  render(SetAsideBar);
  expect(screen.getByRole('status').textContent).toContain('1 file, 12.0 MB');
  await fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
  expect(screen.queryByRole('status')).toBeNull();
  cleanup();
  render(SetAsideBar); // at the next start it has been told already
  expect(screen.queryByRole('status')).toBeNull();
  cleanup();

  render(SettingsPage);
  expect((await screen.findByText(/that the index did not know/)).textContent).toContain('1 file, 12.0 MB');
  expect(screen.getByText(file)).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Empty…' }));
  expect(service.inputsOf(emptySetAside)).toEqual([]); // not before it is confirmed
  await fireEvent.click(screen.getByRole('button', { name: 'Delete' }));
  await waitFor(() => expect(service.inputsOf(emptySetAside)).toEqual([{}]));
  expect(await screen.findByText(/would be moved here, not deleted/)).toBeTruthy();
});
