import { service } from '../../support/fake-service.ts';
import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { deviceStatus } from '../../../../contract/events.ts';
import { listRuns } from '../../../../contract/runs.ts';
import type { GpuInfo } from '../../../../contract/runtime.ts';
import DeviceFoot from '../../../../renderer/lib/frame/DeviceFoot.svelte';
import { exampleRunSummary } from '../../support/examples.ts';

afterEach(cleanup);

const card = (index: number, utilisation: number): GpuInfo => ({
  ...{ index, name: `NVIDIA GeForce RTX 409${index}`, driver: '580.1', computeCapability: '8.9', memoryTotal: 24e9 },
  ...{ memoryUsed: 6e9, utilisation, temperature: 40, power: 90 },
});
const status = { cpuPercent: 3, memoryUsed: 4e9, memoryTotal: 32e9, gpus: [card(0, 5), card(1, 97), card(2, 88)] };

beforeEach(() => {
  service.answer(listRuns, () => [
    exampleRunSummary({ state: 'running', devices: ['gpu:1', 'gpu:2', 'box:7900/gpu:0'] }),
  ]);
  service.open();
});

test('all cards that share the batches of the run that trains are there, and no other', async () => {
  render(DeviceFoot, { collapsed: false });
  service.emit(deviceStatus, status);
  expect(await screen.findByText('RTX 4091')).toBeTruthy();
  expect(screen.getByText('97 %')).toBeTruthy();
  expect(screen.getByText('RTX 4092')).toBeTruthy();
  expect(screen.getByText('88 %')).toBeTruthy();
  expect(screen.queryByText('RTX 4090')).toBeNull();
  expect(screen.getByRole('link').getAttribute('title')).toMatch(
    /^RTX 4091, 97 % busy, .*; RTX 4092, 88 % busy; box:7900\/gpu:0$/,
  );
  expect(
    screen.getByRole('link', { name: /RTX 4091 97 %.*RTX 4092 88 %.*box:7900\/gpu:0 Open the doctor/ }),
  ).toBeTruthy();
  expect(screen.getByText('box:7900/gpu:0')).toBeTruthy();
});
