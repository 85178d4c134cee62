import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, expect, test } from 'vitest';
import { listDatasets } from '../../../../contract/datasets.ts';
import { runDeleted, runChanged } from '../../../../contract/events.ts';
import { listRuns } from '../../../../contract/runs.ts';
import Compare from '../../../../renderer/pages/compare/Compare.svelte';
import { exampleRunSummary } from '../../support/examples.ts';

const first = exampleRunSummary({ id: 1, name: 'first' });
const second = exampleRunSummary({ id: 2, name: 'second' });
const third = exampleRunSummary({ id: 3, name: 'third' });

service.answer(listDatasets, () => []);
service.answer(listRuns, ({ trashed }) => (trashed ? [] : [third, second, first]));
service.open();
afterEach(() => {
  cleanup();
  window.location.hash = '';
});

test('with no run chosen it offers to compare the two newest', async () => {
  render(Compare, { ids: [] });
  await fireEvent.click(await screen.findByRole('button', { name: 'Compare the two newest' }));
  expect(window.location.hash).toBe('#/compare?runs=3,2');
});

test('with a single run there it offers to start a second, with none the first', async () => {
  render(Compare, { ids: [] });
  await screen.findByRole('button', { name: 'Compare the two newest' });
  service.emit(runDeleted, { runId: 3 });
  service.emit(runDeleted, { runId: 2 });
  expect((await screen.findByRole('link', { name: 'Start a second run' })).getAttribute('href')).toBe('#/new');
  service.emit(runDeleted, { runId: 1 });
  expect(await screen.findByRole('link', { name: 'Start a run' })).toBeTruthy();
  service.emit(runChanged, first);
  expect(await screen.findByText(/There is one run so far/)).toBeTruthy();
});
