import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { getSettings, Settings } from '../../../../contract/app.ts';
import { listDatasets } from '../../../../contract/datasets.ts';
import { runChanged, runDeleted } from '../../../../contract/events.ts';
import { listJobs } from '../../../../contract/jobs.ts';
import { climb } from '../../../../contract/ladder.ts';
import { findPreset } from '../../../../contract/presets.ts';
import { editRun, listRuns, runConfigs } from '../../../../contract/runs.ts';
import App from '../../../../renderer/App.svelte';
import { href, router, type RunsView } from '../../../../renderer/lib/router.svelte.ts';
import { choice } from '../../../../renderer/pages/runs/choice.svelte.ts';
import { exampleDataset, exampleRunSummary } from '../../support/examples.ts';

/** The table of runs filtered, sorted, grouped and cut into columns, and its address. */

const listed = [
  exampleRunSummary({ id: 1, name: 'first', createdAt: 1000, lastLoss: 0.3, tags: ['paper'] }),
  exampleRunSummary({ id: 2, name: 'second', createdAt: 2000, lastLoss: 0.1, state: 'failed' }),
  exampleRunSummary({ id: 3, name: 'third', createdAt: 3000, lastLoss: null, state: 'paused' }),
];
const rungs = { 1: 'C', 2: 'G', 3: 'C' } as const;

beforeAll(() => {
  service.answer(listRuns, ({ trashed }) => (trashed ? [] : listed));
  service.answer(runConfigs, ({ ids }) =>
    ids.filter((id) => id in rungs).map((id) => ({ id, config: climb(findPreset('demo')!.config, rungs[id as 1]) })),
  );
  service.answer(listDatasets, () => [exampleDataset()]);
  service.answer(listJobs, () => []);
  service.answer(getSettings, () => Settings.parse({}));
  service.open();
});
beforeEach(() => {
  choice.picked = [];
  localStorage.clear();
  for (const run of listed) service.emit(runChanged, run);
});
afterEach(cleanup);

async function open(view?: RunsView): Promise<void> {
  router.go({ page: 'runs', trash: false, ...(view === undefined ? {} : { view }) });
  render(App);
  await screen.findByRole('table');
}

const names = (): string[] =>
  screen.getAllByRole('rowheader').map((head) => head.textContent.replaceAll(/\s+/g, ' ').trim());
const heads = (): string[] => screen.getAllByRole('columnheader').map((head) => head.textContent.trim());
const filter = (): HTMLInputElement => screen.getByRole('combobox', { name: 'Filter' });
const type = (text: string): Promise<boolean> => fireEvent.input(filter(), { target: { value: text } });
const address = (): string => href(router.route);

test('settings are asked for once and filtered by, and the address keeps the filter', async () => {
  await open();
  await type('rung:C lr<0.005');
  await waitFor(() => expect(names()).toEqual(['third', 'first paper']));
  expect(screen.getByText('2 of 3')).toBeTruthy();
  await waitFor(() => expect(address()).toBe('#/runs?filter=rung:C%20lr%3C0.005'));
  cleanup();
  render(App);
  await waitFor(() => expect(names()).toEqual(['third', 'first paper']));
  expect(filter().value).toBe('rung:C lr<0.005');
  expect(service.inputsOf(runConfigs)).toEqual([{ ids: [3, 2, 1] }]);
});

test('a run whose settings can’t be read keeps nobody waiting', async () => {
  await open();
  service.emit(runChanged, exampleRunSummary({ id: 4, name: 'damaged', createdAt: 4000 }));
  await type('rung:C');
  await waitFor(() => expect(names()).toEqual(['third', 'first paper']));
  await type('rung:none');
  expect(names()).toEqual(['damaged']);
  service.emit(runDeleted, { runId: 4 });
});

test('a condition that makes no sense is told with its place, and the others hold', async () => {
  await open();
  await type('state:failed rungg:C');
  expect(await screen.findByText(/There is no field “rungg”. Did you mean “rung”\?/)).toBeTruthy();
  expect(document.querySelector('mark')?.textContent).toBe('rungg');
  expect(filter().getAttribute('aria-invalid')).toBe('true');
  expect(names()).toEqual(['second']);
  await type('state:failed rung:G');
  expect(filter().getAttribute('aria-invalid')).toBe('false');
});

test('the filter is completed by keys', async () => {
  await open();
  filter().focus();
  await type('sta');
  const list = screen.getByRole('listbox', { name: 'What may stand here' });
  expect(within(list).getAllByRole('option')[0]!.textContent).toContain('state:');
  await fireEvent.keyDown(filter(), { key: 'ArrowDown' });
  expect(filter().getAttribute('aria-activedescendant')).toBe(within(list).getAllByRole('option')[0]!.id);
  await fireEvent.keyDown(filter(), { key: 'Enter' });
  await waitFor(() => expect(filter().value).toBe('state:'));
  await type('state:fa');
  await fireEvent.keyDown(filter(), { key: 'ArrowDown' });
  await fireEvent.keyDown(filter(), { key: 'Enter' });
  await waitFor(() => expect(filter().value).toBe('state:failed '));
  expect(names()).toEqual(['second']);
  await type('pa');
  await fireEvent.keyDown(filter(), { key: 'Escape' });
  expect(filter().value).toBe('pa'); // the list goes first
  expect(within(list).queryAllByRole('option')).toEqual([]);
});

test('a head sorts: rising, falling, as usual; what has no value comes last', async () => {
  await open();
  const sort = (): HTMLElement => screen.getByRole('button', { name: /Loss/, description: /Sort by/ });
  const head = (): string | null => sort().closest('th')!.getAttribute('aria-sort');
  await fireEvent.click(sort());
  expect([names(), head(), address()]).toEqual([['second', 'first paper', 'third'], 'ascending', '#/runs?sort=loss']);
  await fireEvent.click(sort());
  expect([names(), head(), address()]).toEqual([['first paper', 'second', 'third'], 'descending', '#/runs?sort=-loss']);
  await fireEvent.click(screen.getByRole('button', { name: 'State' }), { shiftKey: true });
  expect(address()).toBe('#/runs?sort=-loss,state');
  await fireEvent.click(sort());
  expect([names(), head(), address()]).toEqual([['third', 'second', 'first paper'], 'none', '#/runs']);
});

test('rows are grouped, and a group closes', async () => {
  await open({ group: 'rung' });
  await waitFor(() => expect(names()).toEqual(['Rung C 2', 'third', 'first paper', 'Rung G 1', 'second']));
  const group = screen.getByRole('button', { name: 'Rung C 2' });
  await fireEvent.click(group);
  expect(names()).toEqual(['Rung C 2', 'Rung G 1', 'second']);
  expect(group.getAttribute('aria-expanded')).toBe('false');
  await fireEvent.keyDown(group.closest('tr')!, { key: 'Enter' });
  await fireEvent.click(screen.getByLabelText('Choose all'));
  expect(screen.getByText('3 chosen')).toBeTruthy();
  await fireEvent.change(screen.getByRole('combobox', { name: 'Group' }), { target: { value: '' } });
  expect(address()).toBe('#/runs');
});

test('columns are chosen from every setting, moved, remembered, and given back', async () => {
  await open({ columns: 'name,loss' });
  expect(heads().map((head) => head.replaceAll(/\s+/g, ' '))).toEqual(['', 'Name', 'Loss Loss']);
  await fireEvent.click(screen.getByRole('button', { name: 'Columns' }));
  const dialog = within(screen.getByRole('dialog', { name: 'Columns' }));
  await fireEvent.input(dialog.getByLabelText('Find a column'), { target: { value: 'adam' } });
  expect(dialog.getAllByRole('checkbox').length).toBeLessThan(8);
  await fireEvent.click(dialog.getByLabelText('Adam β₂'));
  await fireEvent.click(dialog.getByRole('button', { name: 'Move Adam β₂ to the left' }));
  expect(address()).toBe('#/runs?columns=name,training.adamBeta2,loss');
  expect(screen.getAllByText('0.99').length).toBeGreaterThan(0);
  await fireEvent.click(dialog.getByRole('button', { name: 'Hide Loss' }));
  router.go({ page: 'runs', trash: false });
  await waitFor(() => expect(heads()).toEqual(['', 'Name', 'Adam β₂']));
  await fireEvent.click(screen.getByRole('button', { name: 'As usual' }));
  expect(heads().length).toBeGreaterThan(5);
});

test('the notes of a chosen run are written, and news of it does not undo what is typed', async () => {
  await open();
  service.answer(editRun, ({ id, notes }) => {
    service.emit(runChanged, { ...listed.find((run) => run.id === id)!, notes: notes ?? '' });
    return {};
  });
  await fireEvent.click(screen.getByLabelText('Choose second'));
  await fireEvent.click(screen.getByRole('button', { name: 'Notes' }));
  const dialog = within(screen.getByRole('dialog', { name: 'Notes of “second”' }));
  await fireEvent.input(dialog.getByLabelText('Notes'), { target: { value: 'diverged at 3k ' } });
  service.emit(runChanged, { ...listed[1]!, nimg: 5 });
  await fireEvent.click(dialog.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  expect(service.inputsOf(editRun)).toEqual([{ id: 2, notes: 'diverged at 3k' }]);
  await type('diverged');
  expect(names()).toEqual(['second']);
});
