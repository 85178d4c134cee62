import { systemDialog } from '../support/fake-window.ts';
import { service } from '../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { appInfo } from '../../../contract/app.ts';
import { importDataset } from '../../../contract/datasets.ts';
import { listFolders } from '../../../contract/folders.ts';
import { listJobs } from '../../../contract/jobs.ts';
import ImportDialog from '../../../renderer/lib/datasets/ImportDialog.svelte';
import { cancelLoad } from '../../../renderer/lib/window-grid/cancel-load.ts';
import { exampleInfo } from '../support/examples.ts';
import { whyNot } from '../support/why-not.ts';

const folder = { id: 'granted', name: 'cats', path: '/home/someone/cats' };

beforeEach(() => {
  service.asked.length = 0;
  service.answer(appInfo, () => exampleInfo());
  service.answer(listJobs, () => []);
  service.answer(importDataset, () => ({ jobId: 30 }));
});
afterEach(cleanup);

test('in a window the folder comes from the system’s dialog, as an id', async () => {
  systemDialog.answer = () => Promise.resolve(folder);
  render(ImportDialog, { open: true });
  await fireEvent.click(screen.getByRole('button', { name: 'Choose a folder' }));
  await fireEvent.change(await screen.findByLabelText('Resolution'), { target: { value: '64' } });
  await fireEvent.click(screen.getByRole('button', { name: 'Import' }));
  await waitFor(() =>
    expect(service.inputsOf(importDataset)).toEqual([{ folder: 'granted', options: { name: 'cats', resolution: 64 } }]),
  );
  expect(service.inputsOf(listFolders)).toEqual([]);
});

test('a dialog that is closed without a choice leaves everything as it was', async () => {
  systemDialog.answer = () => Promise.resolve(null);
  render(ImportDialog, { open: true });
  await fireEvent.click(screen.getByRole('button', { name: 'Choose a folder' }));
  expect(await screen.findByRole('button', { name: 'Choose a folder' })).toBeTruthy();
  expect(whyNot(screen.getByRole('button', { name: 'Import' }))).not.toBeNull();
});

test('without a name nothing can be imported', async () => {
  systemDialog.answer = () => Promise.resolve(folder);
  render(ImportDialog, { open: true });
  await fireEvent.click(screen.getByRole('button', { name: 'Choose a folder' }));
  await fireEvent.input(await screen.findByLabelText('Name'), { target: { value: '  ' } });
  expect(await screen.findByText('Give it a name.')).toBeTruthy();
  expect(whyNot(screen.getByRole('button', { name: 'Import' }))).not.toBeNull();
});

test.each([true, false])('a picture that flew by is not loaded on (complete: %s)', (complete) => {
  const image = new Image();
  image.src = '/files/datasets/1/pictures/0.png';
  Object.defineProperty(image, 'complete', { value: complete });
  const gone = cancelLoad(image);
  gone?.();
  expect(image.hasAttribute('src')).toBe(complete);
});
