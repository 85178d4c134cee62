import { service } from '../support/fake-service.ts';
import { fireEvent, screen, waitFor } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { getDataset, listDatasets } from '../../../contract/datasets.ts';
import { jobChanged } from '../../../contract/events.ts';
import { listJobs, type Job } from '../../../contract/jobs.ts';
import { exampleDataset, exampleJob } from '../support/examples.ts';

const going = exampleJob({ title: 'cats' });
const ended: Job = { ...going, state: 'done', datasetId: 2, progress: null, endedAt: 1_700_000_100_000 };

/** Takes the page away that was loaded last. */
let clear = (): void => undefined;

/** The page as it is after a load: nothing is known but what the tab has kept and the service says. */
async function load(jobs: readonly Job[], hash = '#/data'): Promise<void> {
  clear();
  vi.resetModules();
  window.location.hash = hash;
  service.answer(listJobs, () => [...jobs]);
  const { cleanup, render } = await import('@testing-library/svelte'); // of the same runtime as the page
  clear = cleanup;
  const { default: Data } = await import('../../../renderer/pages/data/Data.svelte');
  const { default: Toasts } = await import('../../../renderer/lib/components/Toasts.svelte');
  const { jobs: known } = await import('../../../renderer/lib/state/jobs.svelte.ts');
  if (hash === '#/data') render(Data, { id: null });
  render(Toasts);
  await waitFor(() => expect(known.all).toEqual(jobs));
}

beforeEach(() => {
  sessionStorage.clear();
  service.answer(listDatasets, () => []);
  service.answer(getDataset, () => ({
    dataset: exampleDataset({ id: 2, name: 'cats', count: 480 }),
    problems: [{ file: 'torn.jpg', reason: 'the file ends early' }],
  }));
  service.open();
});
afterEach(() => clear());

const result = 'Imported “cats”: 480 pictures, 1 file was left out.';

test('an import that goes on when the page is loaded is told when it is done, with the way to its set', async () => {
  await load([going]);
  expect(await screen.findByRole('progressbar')).toBeTruthy();
  service.emit(jobChanged, ended);
  expect(await screen.findByText(result)).toBeTruthy();
  expect(screen.getByRole('link', { name: 'Show' }).getAttribute('href')).toBe('#/data/2');
});

test('an import that ends while the page is loaded again is told, too, and once it is dismissed never again', async () => {
  await load([going]);
  await load([ended]);
  expect(await screen.findByText(result)).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Dismiss' }));
  await waitFor(() => expect(screen.queryByText(result)).toBeNull());
  await load([ended]);
  expect(screen.queryByText(result)).toBeNull();
});

test('what this tab never saw going on is no news, nor is another library’s job of the same number', async () => {
  await load([ended]);
  expect(screen.queryByText(result)).toBeNull();
  await load([going]);
  await load([{ ...ended, createdAt: ended.createdAt + 1 }]);
  expect(screen.queryByText(result)).toBeNull();
});

test('on another page a message says it, with the way to the set', async () => {
  await load([going], '#/data/1');
  service.emit(jobChanged, ended);
  const message = await screen.findByRole('status');
  expect(message.textContent).toContain(result);
  await fireEvent.click(screen.getByRole('button', { name: 'Show' }));
  expect(window.location.hash).toBe('#/data/2');
});
