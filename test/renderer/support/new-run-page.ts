import { service } from './fake-service.ts';
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach } from 'vitest';
import { appInfo, expectSpeed } from '../../../contract/app.ts';
import { listDatasets } from '../../../contract/datasets.ts';
import { listJobs } from '../../../contract/jobs.ts';
import { listMachines } from '../../../contract/machines.ts';
import type { NoiseDensity } from '../../../contract/noise-density.ts';
import { listPrecisions, type PrecisionSupport } from '../../../contract/precision.ts';
import { createRun, listRuns } from '../../../contract/runs.ts';
import { findTuning } from '../../../contract/tuning.ts';
import NewRun from '../../../renderer/pages/new-run/NewRun.svelte';
import { exampleDataset, exampleInfo, exampleRunSummary } from './examples.ts';

/** The New run page with a service that knows one set of pictures: what its tests have in common. */

export const supports: PrecisionSupport[] = [
  { precision: 'fp32', status: 'good', reason: 'Every device computes in float32.' },
  { precision: 'bf16', status: 'slow', reason: 'The processor has no bfloat16.' },
  { precision: 'fp16', status: 'none', reason: 'Half precision is for GPUs.' },
];

/** Sets the service up for each test of a file, and takes the page away after it. */
export function useNewRunPage(): void {
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
}

export async function open(props: { dataset?: number; from?: number; noise?: NoiseDensity } = {}): Promise<void> {
  render(NewRun, { dataset: props.dataset ?? null, from: props.from ?? null, noise: props.noise ?? null });
  await screen.findByRole('radio', { name: /Twemoji/ });
}

export const field = (name: RegExp): HTMLInputElement => screen.getByLabelText<HTMLInputElement>(name);
export const type = (name: RegExp, value: string): Promise<unknown> =>
  fireEvent.input(field(name), { target: { value } });
export const startButton = (): HTMLElement => screen.getByRole('button', { name: /Start now|Add to queue/ });
