import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listDatasets } from '../../../../contract/datasets.ts';
import { AppError } from '../../../../contract/errors.ts';
import { viewsChanged } from '../../../../contract/events.ts';
import { runFindings } from '../../../../contract/findings.ts';
import { getRun, listRuns, runLog, runSnapshots, runTicks } from '../../../../contract/runs.ts';
import { listSamples } from '../../../../contract/samples.ts';
import { tickColumns } from '../../../../contract/ticks.ts';
import { deleteView, listViews, renameView, saveView, type View } from '../../../../contract/views.ts';
import Compare from '../../../../renderer/pages/compare/Compare.svelte';
import { comparisonOf, lookOf, runsWords } from '../../../../renderer/pages/compare/views.ts';
import { parseRoute } from '../../../../renderer/lib/router.svelte.ts';
import { exampleTick } from '../../../support/ticks.ts';
import { exampleRun, exampleRunSummary } from '../../support/examples.ts';

const runs = [1, 2].map((id) => exampleRunSummary({ id, name: `run ${id}` }));
const seeds: View = {
  name: 'Seeds',
  runs: [
    { id: 1, name: 'run 1', gone: false },
    { id: 5, name: 'long ago', gone: true },
  ],
  look: 'panel=loss&x=steps&group=seed',
};
let views: View[];

service.answer(listDatasets, () => []);
service.answer(listRuns, ({ trashed }) => (trashed ? [] : runs));
service.answer(getRun, ({ id }) => ({ ...exampleRun(), ...runs.find((run) => run.id === id)! }));
service.answer(runTicks, () => tickColumns([exampleTick(256), exampleTick(512)]));
service.answer(listSamples, () => []);
service.answer(runSnapshots, () => ({ snapshots: [], checkpoints: [] }));
service.answer(runLog, () => []);
service.answer(runFindings, () => []);
service.answer(listViews, () => views);
service.open();
beforeEach(() => {
  views = [seeds];
  for (const call of [saveView, renameView, deleteView]) service.answer(call, () => ({}));
});
afterEach(() => {
  cleanup();
  window.location.hash = '';
});

async function choose(item: string | RegExp): Promise<void> {
  await fireEvent.click(screen.getByRole('button', { name: 'Views' }));
  await fireEvent.click(await screen.findByRole('menuitem', { name: item }));
}

test('what a view keeps leads back to the same address', () => {
  const route = parseRoute('#/compare?runs=1,2&panel=validation:raw&panel=loss&x=time&range=1-2&group=seed&q=rung:C');
  if (route.page !== 'compare') throw new Error('no comparison');
  const look = lookOf(route);
  expect(comparisonOf({ name: 'a', runs: [{ id: 4, name: 'four', gone: false }], look })).toEqual({
    ...{ runs: [4], panels: route.panels, look: route.look },
  });
  expect(lookOf({ runs: [1] })).toBe('');
  expect(runsWords(seeds)).toBe('1 of 2 runs');
});

test('a view is opened with nothing chosen, and says which of its runs are gone', async () => {
  render(Compare, { ids: [] });
  await choose('Seeds');
  expect(window.location.hash).toBe('#/compare?runs=1&panel=loss&x=steps&group=seed');
  expect(await screen.findByText('The view “Seeds” is shown without what is gone: “long ago”.')).toBeTruthy();
  await fireEvent.click(await screen.findByRole('checkbox', { name: 'run 2' }));
  expect(screen.queryByText(/is shown without/)).toBeNull();
});

test('what is seen is saved under a name; one that is there already is replaced only when that was said', async () => {
  render(Compare, { ids: [2, 1], panels: ['loss'], look: { x: 'steps' } });
  await choose('Save view…');
  const name = await screen.findByRole('textbox', { name: 'Name' });
  expect(screen.getByRole('button', { name: /^Save/ }).getAttribute('aria-disabled')).toBe('true');
  await fireEvent.input(name, { target: { value: 'Seeds ' } });
  expect(screen.getByText('There is a view “Seeds” already, of 2 runs: this one takes its place.')).toBeTruthy();
  await fireEvent.click(screen.getByRole('button', { name: 'Replace' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  await choose('Save view…');
  const again = await screen.findByRole<HTMLInputElement>('textbox', { name: 'Name' });
  expect(again.value).toBe('Seeds');
  await fireEvent.input(again, { target: { value: 'Other' } });
  service.answer(saveView, () => {
    throw new AppError('conflict', 'There is a view "Other" already.');
  });
  await fireEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(service.inputsOf(saveView)).toEqual([
    { name: 'Seeds', runIds: [2, 1], look: 'panel=loss&x=steps', replace: true },
    { name: 'Other', runIds: [2, 1], look: 'panel=loss&x=steps', replace: false },
  ]);
  expect(screen.getByRole('dialog')).toBeTruthy(); // refused, it asks on
});

test('views are renamed, and deleted after a question; what another window changes is seen', async () => {
  render(Compare, { ids: [1] });
  await choose('Rename and delete…');
  const list = await screen.findByRole('list', { name: 'Views' });
  expect(within(list).getByText('1 of 2 runs')).toBeTruthy();
  expect(within(list).getByText('Gone: long ago')).toBeTruthy();
  await fireEvent.click(within(list).getByRole('button', { name: 'Rename Seeds' }));
  await fireEvent.input(within(list).getByRole('textbox', { name: 'Name' }), { target: { value: 'Rungs' } });
  await fireEvent.click(within(list).getByRole('button', { name: 'Rename' }));
  await waitFor(() => expect(service.inputsOf(renameView)).toEqual([{ name: 'Seeds', to: 'Rungs' }]));
  views = [{ ...seeds, name: 'Rungs' }];
  service.emit(viewsChanged, {});
  await fireEvent.click(await within(list).findByRole('button', { name: 'Delete Rungs' }));
  expect(service.inputsOf(deleteView)).toEqual([]);
  await fireEvent.click(within(list).getByRole('button', { name: 'Delete' }));
  await waitFor(() => expect(service.inputsOf(deleteView)).toEqual([{ name: 'Rungs' }]));
  views = [];
  service.emit(viewsChanged, {});
  expect(await screen.findByText('None is saved.')).toBeTruthy();
});

test('without a run there is nothing to save', async () => {
  views = [];
  render(Compare, { ids: [] });
  await fireEvent.click(screen.getByRole('button', { name: 'Views' }));
  const item = await screen.findByRole('menuitem', { name: /Save view…/ });
  expect(item.textContent).toContain('Choose runs first');
  expect(screen.queryByRole('menuitem', { name: /Rename/ })).toBeNull();
});
