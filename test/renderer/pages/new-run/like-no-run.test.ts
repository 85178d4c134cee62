import { service } from '../../support/fake-service.ts';
import { cleanup, render, screen } from '@testing-library/svelte';
import { afterEach, expect, test } from 'vitest';
import { appInfo, getSettings, Settings } from '../../../../contract/app.ts';
import { listDatasets } from '../../../../contract/datasets.ts';
import { AppError } from '../../../../contract/errors.ts';
import { listJobs } from '../../../../contract/jobs.ts';
import { getRun, listRuns } from '../../../../contract/runs.ts';
import Toasts from '../../../../renderer/lib/components/Toasts.svelte';
import NewRun from '../../../../renderer/pages/new-run/NewRun.svelte';
import { exampleDataset, exampleInfo } from '../../support/examples.ts';

afterEach(cleanup);

test('an address that names no run says so once, though the page is there before its connection', async () => {
  service.answer(getRun, () => {
    throw new AppError('not-found', 'There is no run 999.');
  });
  service.answer(listRuns, () => []);
  service.answer(listDatasets, () => [exampleDataset({ id: 3, name: 'faces' })]);
  service.answer(listJobs, () => []);
  service.answer(appInfo, () => exampleInfo());
  service.answer(getSettings, () => Settings.parse({}));
  render(Toasts);
  render(NewRun, { dataset: null, from: 999 });
  service.open();
  expect(await screen.findAllByText('There is no run 999.')).toHaveLength(1);
  await new Promise((resolve) => setTimeout(resolve, 100)); // no second one comes
  expect(screen.getAllByText('There is no run 999.')).toHaveLength(1);
  expect(service.inputsOf(getRun)).toHaveLength(1);
});

test('an address that names no set of pictures says so once, and another one is chosen', async () => {
  render(Toasts);
  render(NewRun, { dataset: 99, from: null });
  expect(await screen.findAllByText('There is no picture set 99.')).toHaveLength(1);
  expect(screen.getByRole<HTMLInputElement>('radio', { name: /faces/ }).checked).toBe(true);
});
