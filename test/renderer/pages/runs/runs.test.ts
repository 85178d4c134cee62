import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { expectSpeed, getSettings, Settings } from '../../../../contract/app.ts';
import { listDatasets } from '../../../../contract/datasets.ts';
import { AppError } from '../../../../contract/errors.ts';
import { runChanged, runDeleted, settingsChanged } from '../../../../contract/events.ts';
import { listJobs } from '../../../../contract/jobs.ts';
import { climb } from '../../../../contract/ladder.ts';
import { findPreset } from '../../../../contract/presets.ts';
import {
  createRun,
  deleteRun,
  editRun,
  listRuns,
  restoreRun,
  runConfigs,
  trashRun,
} from '../../../../contract/runs.ts';
import App from '../../../../renderer/App.svelte';
import { router } from '../../../../renderer/lib/router.svelte.ts';
import { choice } from '../../../../renderer/pages/runs/choice.svelte.ts';
import { exampleDataset, exampleRunSummary } from '../../support/examples.ts';

const first = exampleRunSummary({ id: 1, name: 'first', createdAt: 1000 });
const second = exampleRunSummary({
  id: 2,
  name: 'second',
  state: 'failed',
  error: 'The loss became NaN.',
  createdAt: 2000,
});
const thrown = exampleRunSummary({ id: 3, name: 'thrown away', trashedAt: 5000 });

beforeAll(() => {
  service.answer(listRuns, ({ trashed }) => (trashed ? [thrown] : [first, second]));
  service.answer(runConfigs, ({ ids }) =>
    ids.map((id) => ({ id, config: climb(findPreset('demo')!.config, id === 1 ? 'C' : 'G') })),
  );
  service.answer(listDatasets, () => [exampleDataset()]);
  service.answer(listJobs, () => []);
  service.answer(getSettings, () => Settings.parse({}));
  service.answer(expectSpeed, () => ({ imagesPerSecond: 58.3, scaled: false }));
  service.open();
});

beforeEach(() => {
  choice.picked = [];
  localStorage.clear();
  service.asked.length = 0;
  for (const run of [first, second, thrown]) service.emit(runChanged, run);
  router.go({ page: 'runs', trash: false });
  render(App);
});
afterEach(cleanup);

const rows = (): HTMLElement[] => within(screen.getByRole('table')).getAllByRole('row').slice(1);

test('runs are listed newest first with state and figures, without what is in the trash', async () => {
  await screen.findByText('second');
  expect(rows().map((row) => within(row).getByRole('rowheader').textContent.trim())).toEqual(['second', 'first']);
  expect(within(rows()[0]!).getByText('failed')).toBeTruthy();
  expect(within(rows()[1]!).getByText('100 %')).toBeTruthy();
});

test('Esc leaves the filter for the page, whose keys work at once', async () => {
  await screen.findByText('second');
  const box = screen.getByRole('combobox', { name: 'Filter' });
  box.focus();
  await fireEvent.input(box, { target: { value: 'first' } });
  await fireEvent.keyDown(box, { key: 'Escape' });
  await waitFor(() => expect(rows()).toHaveLength(2));
  expect(document.activeElement).toBe(document.getElementById('main'));
  await fireEvent.keyDown(document.activeElement!, { key: '/' });
  expect(document.activeElement).toBe(box);
});

test('the filter leaves the runs that fit', async () => {
  await screen.findByText('second');
  await fireEvent.input(screen.getByRole('combobox', { name: 'Filter' }), { target: { value: 'state:failed' } });
  expect(rows()).toHaveLength(1);
  await fireEvent.input(screen.getByRole('combobox', { name: 'Filter' }), { target: { value: 'nothing' } });
  expect(screen.getByText(/No run fits/)).toBeTruthy();
});

test('a change of a run shows at once', async () => {
  await screen.findByText('second');
  service.emit(runChanged, { ...second, state: 'running', error: null, nimg: 17_504 });
  expect(await within(rows()[0]!).findByText('running')).toBeTruthy();
  expect(within(rows()[0]!).getByText('50 %')).toBeTruthy();
});

test('chosen runs are compared, thrown away, and come back with Undo', async () => {
  await screen.findByText('second');
  service.answer(trashRun, ({ id }) => {
    service.emit(runChanged, { ...(id === 1 ? first : second), trashedAt: 6000 });
    return {};
  });
  service.answer(restoreRun, ({ id }) => {
    service.emit(runChanged, id === 1 ? first : second);
    return {};
  });
  await fireEvent.click(screen.getByLabelText('Choose first'));
  await fireEvent.click(screen.getByRole('button', { name: 'Trash' }));
  expect(await screen.findByText('Moved “first” to the trash.')).toBeTruthy();
  expect(rows()).toHaveLength(1);
  await fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
  expect(await screen.findByText('first')).toBeTruthy();
  expect(service.inputsOf(restoreRun)).toEqual([{ id: 1 }]);

  await fireEvent.click(screen.getByLabelText('Choose first'));
  await fireEvent.click(screen.getByLabelText('Choose second'));
  await fireEvent.click(screen.getByRole('button', { name: 'Compare' }));
  expect(router.route).toEqual({ page: 'compare', runs: [1, 2] });
});

test('keys move through the table, choose and open', async () => {
  await screen.findByText('second');
  const [top, below] = rows();
  top!.focus();
  await fireEvent.keyDown(top!, { key: 'ArrowDown' });
  expect(document.activeElement).toBe(below);
  await fireEvent.keyDown(below!, { key: ' ' });
  expect(screen.getByText('1 chosen')).toBeTruthy();
  await fireEvent.keyDown(below!, { key: 'Enter' });
  expect(router.route).toEqual({ page: 'run', id: 1, tab: 'overview' });
});

test('of a thousand runs the rows in sight exist, and keys reach the others', async () => {
  const many = Array.from({ length: 1000 }, (_, at) =>
    exampleRunSummary({ id: 100 + at, name: `run ${at}`, createdAt: at }),
  );
  for (const run of many) service.emit(runChanged, run);
  await screen.findByText('run 999');
  const table = screen.getByRole('table');
  expect(table.getAttribute('aria-rowcount')).toBe('1003');
  expect(rows().length).toBeLessThan(60);
  const top = rows()[2]!;
  top.focus();
  await fireEvent.keyDown(top, { key: 'End' });
  const last = await screen.findByText('run 0');
  const row = last.closest('tr')!;
  await waitFor(() => expect(document.activeElement).toBe(row));
  expect(row.getAttribute('aria-rowindex')).toBe('1003');
  expect(rows().length).toBeLessThan(60);
  await fireEvent.keyDown(row, { key: 'PageUp' });
  await waitFor(() => expect(Number(document.activeElement?.getAttribute('aria-rowindex'))).toBeLessThan(995));
  await fireEvent.click(screen.getByLabelText('Choose all'));
  expect(screen.getByText('1002 chosen')).toBeTruthy();
  for (const { id } of many) service.emit(runDeleted, { runId: id });
});

test('a row’s keys work from its box, too, which keeps its own', async () => {
  const box = await screen.findByLabelText('Choose second');
  box.focus();
  await fireEvent.keyDown(box, { key: ' ' });
  expect(screen.queryByText('1 chosen')).toBeNull(); // the box would have done that by itself
  await fireEvent.keyDown(box, { key: 'ArrowDown' });
  expect(document.activeElement).toBe(rows()[1]);
});

test('runs in the trash are deleted only after a question that says it is for good', async () => {
  router.go({ page: 'runs', trash: true });
  await screen.findByText('thrown away');
  service.answer(deleteRun, ({ id }) => {
    service.emit(runDeleted, { runId: id });
    return {};
  });
  await fireEvent.click(screen.getByLabelText('Choose thrown away'));
  await fireEvent.click(screen.getByRole('button', { name: 'Delete' }));
  expect(service.inputsOf(deleteRun)).toEqual([]);
  await fireEvent.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Delete' }));
  expect(await screen.findByText('The trash is empty')).toBeTruthy();
  expect(service.inputsOf(deleteRun)).toEqual([{ id: 3 }]);
});

test('tags reach all chosen runs, and news of a run does not empty the field', async () => {
  service.answer(editRun, ({ id, tags }) => {
    const run = [first, second].find((one) => one.id === id)!;
    service.emit(runChanged, { ...run, tags: tags ?? run.tags });
    return {};
  });
  await fireEvent.click(await screen.findByLabelText(`Choose ${first.name}`));
  await fireEvent.click(screen.getByLabelText(`Choose ${second.name}`));
  await fireEvent.click(screen.getByRole('button', { name: 'Tags' }));
  const field = within(screen.getByRole('dialog')).getByLabelText<HTMLInputElement>('Tags');
  await fireEvent.input(field, { target: { value: 'paper kept' } });
  service.emit(runChanged, { ...first, nimg: first.nimg + 1 });
  await tick();
  expect(field.value).toBe('paper kept');
  await fireEvent.submit(field.closest('form')!);
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
  const edits = service.inputsOf(editRun).map(({ id, tags }) => [id, tags?.includes('paper'), tags?.includes('kept')]);
  expect(edits.sort()).toEqual([
    [1, true, true],
    [2, true, true],
  ]);
});

test('without runs one button trains the demo, and says how long that takes here', async () => {
  for (const id of [1, 2, 3]) service.emit(runDeleted, { runId: id });
  const button = (): Promise<HTMLElement> => screen.findByRole('button', { name: 'Train the demo' });
  // 35,008 images at 58.3 img/s: 600 s.
  expect(await screen.findByText('The demo takes about 10 min here.')).toBeTruthy();

  service.answer(createRun, () => {
    throw new AppError('no-space', 'The disk is full. Free 2 GB.');
  });
  await fireEvent.click(await button());
  expect(await screen.findByText('The disk is full. Free 2 GB.')).toBeTruthy();

  service.answer(createRun, () => ({ runId: 9, jobId: 1 }));
  await fireEvent.click(await button());
  await expect.poll(() => router.route).toEqual({ page: 'run', id: 9, tab: 'overview' });
  const asked = service.inputsOf(createRun).at(-1)!;
  expect(asked.config.preset).toBe('demo');
  // A row of the grid is a class; this set has two.
  expect(asked.config.grid.rows).toBe(2);
});

test('Ctrl+K finds a run by some letters, Enter opens it', async () => {
  await screen.findByText('second');
  await fireEvent.keyDown(document.body, { key: 'k', ctrlKey: true });
  const box = screen.getByRole('combobox', { name: 'Find a page, run or action' });
  await fireEvent.input(box, { target: { value: 'firs' } });
  await fireEvent.keyDown(box, { key: 'Enter' });
  expect(router.route).toEqual({ page: 'run', id: 1, tab: 'overview' });
});

test('what is chosen is still chosen after a look at another page', async () => {
  await fireEvent.click(await screen.findByLabelText('Choose second'));
  await fireEvent.click(screen.getByLabelText('Choose first'));
  router.go({ page: 'settings' });
  await screen.findByRole('heading', { name: 'Settings' });
  router.go({ page: 'runs', trash: false });
  expect(await screen.findByText('2 chosen')).toBeTruthy();
});

test('keys without Ctrl can be turned off', async () => {
  await screen.findByText('second');
  service.emit(settingsChanged, { ...Settings.parse({}), singleKeys: false });
  await fireEvent.click(screen.getByLabelText('Choose second'));
  for (const key of ['?', '/', 'c']) await fireEvent.keyDown(document.body, { key });
  expect(screen.queryByRole('dialog')).toBeNull();
  expect(document.activeElement).not.toBe(screen.getByRole('combobox', { name: 'Filter' }));
  expect(router.route).toEqual({ page: 'runs', trash: false });
  await fireEvent.keyDown(document.body, { key: 'k', ctrlKey: true });
  expect(screen.getByRole('combobox', { name: 'Find a page, run or action' })).toBeTruthy();
  service.emit(settingsChanged, Settings.parse({}));
});

test('? shows the keys, but not while one types', async () => {
  await screen.findByText('second');
  await fireEvent.keyDown(screen.getByRole('combobox', { name: 'Filter' }), { key: '?' });
  expect(screen.queryByRole('dialog')).toBeNull();
  await fireEvent.keyDown(document.body, { key: '?' });
  expect(screen.getByRole('dialog', { name: 'Keys' })).toBeTruthy();
});
