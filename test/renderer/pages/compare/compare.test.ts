import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sigmaBinNames } from '../../../../contract/noise-levels.ts';
import { listDatasets } from '../../../../contract/datasets.ts';
import { runDeleted, runChanged } from '../../../../contract/events.ts';
import { runFindings } from '../../../../contract/findings.ts';
import { runDynamics } from '../../../../contract/dynamics-table.ts';
import { getRun, listRuns, runLog, runSnapshots, runTicks } from '../../../../contract/runs.ts';
import { listSamples } from '../../../../contract/samples.ts';
import { tickColumns } from '../../../../contract/ticks.ts';
import { onlyRows, packDynamics } from '../../../support/dynamics.ts';
import { exampleTick } from '../../../support/ticks.ts';
import Compare from '../../../../renderer/pages/compare/Compare.svelte';
import { exampleRun, exampleRunSummary, exampleSample } from '../../support/examples.ts';

const first = exampleRunSummary({ id: 1, name: 'first' });
const second = exampleRunSummary({ id: 2, name: 'second' });
const third = exampleRunSummary({ id: 3, name: 'third' });

service.answer(listDatasets, () => []);
service.answer(listRuns, ({ trashed }) => (trashed ? [] : [third, second, first]));
service.answer(getRun, ({ id }) => ({ ...exampleRun(), ...[first, second, third].find((run) => run.id === id)! }));
service.answer(runTicks, () => tickColumns([exampleTick(256), exampleTick(512)]));
service.answer(listSamples, () => []);
service.answer(runSnapshots, () => ({ snapshots: [], checkpoints: [] }));
service.answer(runLog, () => []);
service.answer(runFindings, () => []);
service.answer(runDynamics, ({ id, kind, rows }) =>
  packDynamics(
    onlyRows(
      id === 1
        ? {
            kind,
            layers: ['Enc 16×16', 'Dec 16×16'],
            nimg: [256, 512],
            values: [
              [1, 2],
              [1, 8],
            ],
          }
        : { kind, layers: [], nimg: [], values: [] },
      rows,
    ),
  ),
);
service.open();
beforeEach(() => {
  for (const run of [first, second, third]) service.emit(runChanged, run);
});
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

test('runs are searched, chosen and left out in a list of all, which says what became of those that are gone', async () => {
  render(Compare, { ids: [1, 9] });
  const list = await screen.findByRole('list', { name: 'Runs' });
  expect(
    within(list)
      .getAllByRole('checkbox')
      .map((box) => (box as HTMLInputElement).checked),
  ).toEqual([true, true, false, false]);
  expect(within(list).getByText('deleted')).toBeTruthy();
  expect(screen.getByText('2 chosen, 3 in all')).toBeTruthy();
  await fireEvent.input(screen.getByRole('combobox', { name: 'Filter' }), { target: { value: 'third' } });
  expect(within(list).queryByText('second')).toBeNull();
  await fireEvent.click(screen.getByRole('button', { name: 'All 1 that fit' }));
  expect(window.location.hash).toBe('#/compare?runs=1,9,3');
  await fireEvent.click(within(list).getByRole('checkbox', { name: /Run 9/ }));
  expect(window.location.hash).toBe('#/compare?runs=1');
});

test('a kind is drawn by row, whoever did not record it is named, and the address keeps what is chosen', async () => {
  render(Compare, { ids: [1, 2], panels: ['activation-max'] });
  const panel = await screen.findByRole('region', { name: 'Largest activation of a bucket, Dec 16×16' });
  expect(await within(panel).findByText(/first: 8\.00 at 512 images/)).toBeTruthy();
  expect(await within(panel).findByText('Not recorded in: second.')).toBeTruthy();
  const asked = service.inputsOf(runDynamics).filter(({ kind }) => kind === 'activation-max');
  expect(new Set(asked.map(({ rows }) => JSON.stringify(rows)))).toEqual(new Set(['[]', '["Dec 16×16"]']));
  const rows = within(panel).getByRole('combobox', { name: 'Largest activation of a bucket of' });
  await fireEvent.change(rows, { target: { value: (rows as HTMLSelectElement).options[0]!.value } });
  await waitFor(() => expect(window.location.hash).toBe('#/compare?runs=1,2&panel=activation-max:Enc%2016%C3%9716'));
});

/** Run 1 has a bucket more than run 2, whose numbers are given. */
function answerBuckets(second: readonly number[]): void {
  service.answer(runDynamics, ({ id, kind }) =>
    packDynamics({
      kind,
      layers: id === 1 ? ['Enc 16×16', 'Dec 16×16'] : ['Dec 16×16'],
      nimg: [256, 512],
      values:
        id === 1
          ? [
              [1, 2],
              [1, 8],
            ]
          : [second],
    }),
  );
}

test('a kind is drawn as a map a run; a row chosen in one is read in all, pinned with Enter and drawn as curves', async () => {
  render(Compare, { ids: [1, 2], panels: ['activation-max'] });
  const form = await screen.findByRole('combobox', { name: /^Draw Largest activation of a bucket.* as$/ });
  await fireEvent.change(form, { target: { value: (form as HTMLSelectElement).options[1]!.value } });
  expect(window.location.hash).toBe('#/compare?runs=1,2&panel=map:activation-max');
  cleanup();

  answerBuckets([1, 3]);
  render(Compare, { ids: [1, 2], panels: ['map:activation-max'] });
  const panel = await screen.findByRole('region', { name: 'Largest activation of a bucket, maps' });
  const map = await within(panel).findByRole('application', { name: 'Largest activation of a bucket of first' });
  expect(await within(panel).findByText('second has 1 of the 2 buckets; empty there: Enc 16×16.')).toBeTruthy();
  await fireEvent.keyDown(map, { key: 'ArrowDown' });
  expect(within(panel).getByText(/Enc 16×16 at the end: first 2\.00, second no such row/)).toBeTruthy();
  await fireEvent.keyDown(map, { key: 'ArrowDown' });
  expect(within(panel).getByText(/Dec 16×16 at the end: first 8\.00, second 3\.00/)).toBeTruthy();
  await fireEvent.keyDown(map, { key: 'Enter' });
  await fireEvent.click(within(panel).getByRole('button', { name: 'Draw the pinned row' }));
  expect(window.location.hash).toBe(
    '#/compare?runs=1,2&panel=map:activation-max&panel=activation-max:Dec%2016%C3%9716',
  );
});

test('two runs are drawn as ratio, its ends and what they do not share are told, and they change places', async () => {
  answerBuckets([2, 2]);
  render(Compare, { ids: [1, 2], panels: ['map:activation-max:ratio'] });
  const panel = await screen.findByRole('region', { name: 'Largest activation of a bucket, ratio' });
  const map = await within(panel).findByRole('application', {
    name: 'Largest activation of a bucket, second / first',
    description: /^Largest: ×2\.00 in Dec 16×16 at 256 images; smallest: ×0\.250 in Dec 16×16 at 512 images\./,
  });
  expect(within(panel).getByText('Rows that both have: 1; only first has Enc 16×16.')).toBeTruthy();
  await fireEvent.keyDown(map, { key: 'ArrowDown' });
  expect(within(panel).getByText('×0.250 at 512 images')).toBeTruthy();
  const over = within(panel).getByRole('combobox', { name: 'Run that is divided' });
  await fireEvent.change(over, { target: { value: (over as HTMLSelectElement).options[0]!.value } });
  expect(window.location.hash).toBe('#/compare?runs=1,2&panel=map:activation-max:ratio:1/2');
});

test('the grids of two runs lie one over the other with a divider, and the address says which', async () => {
  service.answer(listSamples, ({ runId }) => [
    exampleSample({ id: 20 + runId!, runId: runId!, nimg: 256 }),
    exampleSample({ id: 30 + runId!, runId: runId!, nimg: 512 }),
  ]);
  const { rerender } = render(Compare, { ids: [1, 2], panels: [] });
  await fireEvent.click(await screen.findByRole('radio', { name: 'Wipe' }));
  expect(window.location.hash).toBe('#/compare?runs=1,2&panel=none&wipe=1,2');
  await rerender({ look: { wipe: '1:256,1' } });
  const divider = await screen.findByRole('slider', { name: 'Divider' });
  expect(divider.getAttribute('aria-valuetext')).toBe('50 % first, 50 % first');
  expect(screen.getByAltText('Grid of first after 256 images').getAttribute('src')).toBe('/files/samples/21.png');
  expect(screen.getByAltText('Grid of first after 512 images').getAttribute('src')).toBe('/files/samples/31.png');
  await fireEvent.input(divider, { target: { value: 20 } });
  expect(divider.getAttribute('aria-valuetext')).toBe('20 % first, 80 % first');
  const moment = screen.getByRole('combobox', { name: 'Right: moment' });
  await fireEvent.change(moment, { target: { value: (moment as HTMLSelectElement).options[1]!.value } });
  expect(window.location.hash).toContain('&wipe=1:256,1:256');
  await rerender({ look: { wipe: '1,9' } });
  expect(await screen.findByText('The two that the address names are not both among these runs.')).toBeTruthy();
  await rerender({ look: { wipe: 'x' } });
  expect(await screen.findByText(/“x” are no two grids; it is left out/)).toBeTruthy();
  service.answer(listSamples, () => []);
});

test('one clock moves noise levels, what is told of maps, and grids', async () => {
  service.answer(runDynamics, ({ kind }) =>
    packDynamics({ kind, layers: [...sigmaBinNames], nimg: [256, 512], values: sigmaBinNames.map(() => [100, 1]) }),
  );
  service.answer(listSamples, ({ runId }) => [
    exampleSample({ id: 21, runId: runId!, nimg: 256 }),
    exampleSample({ id: 31, runId: runId!, nimg: 512 }),
  ]);
  render(Compare, { ids: [1], panels: ['noise', 'map:noise-error'] });
  const noise = await screen.findByRole('region', { name: 'Noise levels at the clock' });
  const levels = await within(noise).findByText(/^Error by noise level\. first/);
  const map = await screen.findByRole('application', { description: /^At 512 images: 1\.00/ });
  expect(await screen.findByAltText('Grid of first after 512 images')).toBeTruthy();
  const before = levels.textContent;
  await fireEvent.click(screen.getByRole('button', { name: 'Back' }));
  expect(within(noise).getByText('at')).toHaveProperty('textContent', expect.stringContaining('256'));
  expect(levels.textContent).not.toBe(before);
  expect(screen.getByRole('application', { description: /^At 256 images: 100/ })).toBe(map);
  expect(screen.getByAltText('Grid of first after 256 images')).toBeTruthy();
  service.answer(listSamples, () => []);
});

test('panels are moved and taken away, and what the address names in vain is told', async () => {
  render(Compare, { ids: [1], panels: ['loss', 'imagesPerSecond', 'colour'] });
  expect(await screen.findByText(/There is nothing called “colour”/)).toBeTruthy();
  await fireEvent.click(await screen.findByRole('button', { name: 'Move Loss down' }));
  expect(window.location.hash).toBe('#/compare?runs=1&panel=imagesPerSecond&panel=loss');
  await fireEvent.click(screen.getByRole('button', { name: 'Take Images per second away' }));
  expect(window.location.hash).toBe('#/compare?runs=1&panel=loss');
});

test('all panels are zoomed together, in what x counts, and the address says what is seen', async () => {
  const { rerender } = render(Compare, { ids: [1] });
  await screen.findByText(/^Loss, as measured\. first/);
  await fireEvent.keyDown(document.body, { key: '+' });
  expect(await screen.findByText('128 images to 384 images')).toBeTruthy();
  await waitFor(() => expect(window.location.hash).toBe('#/compare?runs=1&range=128-384'));
  await rerender({ look: { range: '128-384' } });
  await fireEvent.click(screen.getByRole('radio', { name: 'Training time' }));
  expect(window.location.hash).toBe('#/compare?runs=1&x=seconds');
  await rerender({ look: { x: 'seconds' } });
  expect(screen.queryByRole('button', { name: 'Show all' })).toBeNull();
  await fireEvent.keyDown(document.body, { key: '+' });
  expect(await screen.findByText('13 s to 38 s')).toBeTruthy();
  await fireEvent.keyDown(document.body, { key: '0' });
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Show all' })).toBeNull());
});

test('what the address says of axis, stretch and list is seen; what it says in vain is told', async () => {
  const { rerender } = render(Compare, { ids: [1], look: { x: 'steps', range: '5-10', q: 'second' } });
  expect(await screen.findByText('5 steps to 10 steps')).toBeTruthy();
  expect(screen.getByRole<HTMLInputElement>('radio', { name: 'Steps' }).checked).toBe(true);
  const filter = screen.getByRole<HTMLInputElement>('combobox', { name: 'Filter' });
  expect(filter.value).toBe('second');
  await fireEvent.input(filter, { target: { value: 'third' } });
  await waitFor(() => expect(window.location.hash).toContain('&q=third'));
  await rerender({ look: { x: 'colour', range: '9-3', q: 'first' } });
  expect(await screen.findByText('There is no axis “colour”; it is left out.')).toBeTruthy();
  expect(screen.getByText('“9-3” is no stretch of the axis; it is left out.')).toBeTruthy();
  expect(filter.value).toBe('first');
  expect(screen.queryByRole('button', { name: 'Show all' })).toBeNull();
  const told = window.location.hash;
  await new Promise((resolve) => setTimeout(resolve, 400)); // longer than what is seen rests
  expect(window.location.hash).toBe(told);
});

test('runs are grouped by a field of the address, drawn as one curve and in one colour', async () => {
  const { rerender, container } = render(Compare, { ids: [1, 2], look: { group: 'rung' } });
  expect(await screen.findByText(/^Loss, as measured\. Rung G, mean of 2: 0\.500 at 512 images/)).toBeTruthy();
  const colours = () =>
    new Set([...container.querySelectorAll('details label svg circle')].map((one) => one.outerHTML));
  expect(colours().size).toBe(2); // of the group, and of the run that is not chosen
  const by = screen.getByRole<HTMLSelectElement>('combobox', { name: 'Group by' });
  expect(by.selectedOptions[0]!.text).toBe('By rung');
  await fireEvent.change(by, { target: { value: 'tag' } });
  expect(window.location.hash).toBe('#/compare?runs=1,2&group=tag');
  await rerender({ look: { group: 'colour' } });
  expect(await screen.findByText('There is no field “colour” to group by; it is left out.')).toBeTruthy();
  expect(screen.getByText(/^Loss, as measured\. first: .* second: /)).toBeTruthy();
  expect(colours().size).toBe(3);
});

test('a chosen run is hidden and shown again, and leaves the address with its choice', async () => {
  const { rerender } = render(Compare, { ids: [1, 2] });
  await screen.findByText(/^Loss, as measured\. first: .* second: /);
  await fireEvent.click(screen.getByRole('button', { name: 'Hide second' }));
  expect(window.location.hash).toBe('#/compare?runs=1,2&hide=2');
  await rerender({ look: { hide: '2' } });
  expect(await screen.findByText(/^Loss, as measured\. first: [^:]*$/)).toBeTruthy();
  expect(screen.getByRole<HTMLInputElement>('checkbox', { name: 'second hidden' }).checked).toBe(true);
  await fireEvent.click(screen.getByRole('checkbox', { name: 'second hidden' }));
  expect(window.location.hash).toBe('#/compare?runs=1');
  await fireEvent.click(screen.getByRole('button', { name: 'Show second' }));
  expect(window.location.hash).toBe('#/compare?runs=1,2');
  await rerender({ look: { hide: '1,2' } });
  expect(await screen.findByText(/^All chosen runs are hidden/)).toBeTruthy();
  await rerender({ look: { hide: 'some' } });
  expect(await screen.findByText('“some” are no runs to hide; it is left out.')).toBeTruthy();
  expect(await screen.findByText(/^Loss, as measured\. first: .* second: /)).toBeTruthy();
});

test('a stretch beyond the curves becomes their end', async () => {
  render(Compare, { ids: [1], look: { range: '90000-90256' } });
  expect(await screen.findByText('256 images to 512 images')).toBeTruthy();
});

test('validation is among the usual panels once a run measured it', async () => {
  render(Compare, { ids: [1, 2] });
  await screen.findByText(/^Loss, as measured\. first/);
  expect(screen.queryByRole('region', { name: /^Validation/ })).toBeNull();
  service.emit(runChanged, { ...second, validationError: 0.4 });
  expect(await screen.findByRole('region', { name: /^Validation/ })).toBeTruthy();
});

test('of more runs than can be told apart it says which are not drawn', async () => {
  const many = Array.from({ length: 60 }, (_, at) => exampleRunSummary({ id: at + 1, name: `run ${at + 1}` }));
  for (const run of many) service.emit(runChanged, run);
  service.answer(getRun, ({ id }) => ({ ...exampleRun(), ...many[id - 1]! }));
  render(Compare, { ids: many.map(({ id }) => id) });
  expect(await screen.findByText('The first 50 of 60 are drawn: more curves are not told apart.')).toBeTruthy();
  const notDrawn = screen.getAllByRole('checkbox', { name: /not drawn/ });
  expect(notDrawn.length).toBeGreaterThan(0);
  await waitFor(() => expect(new Set(service.inputsOf(getRun).map(({ id }) => id)).has(50)).toBe(true));
  expect(service.inputsOf(getRun).some(({ id }) => id > 50)).toBe(false);
});

const nameMany = (count: number): number[] => {
  const many = Array.from({ length: count }, (_, at) => exampleRunSummary({ id: at + 1, name: `run ${at + 1}` }));
  for (const run of many) service.emit(runChanged, run);
  service.answer(getRun, ({ id }) => ({ ...exampleRun(), ...many[id - 1]! }));
  return many.map(({ id }) => id);
};

test('findings of many runs are folded: those to look at a line each, the others share one', async () => {
  const finding = { rule: 'clipped' as const, text: '-', reason: '-', kind: null, row: null, nimg: null };
  const [good, warn] = [
    { ...finding, tone: 'good' as const },
    { ...finding, tone: 'warn' as const },
  ];
  service.answer(runFindings, ({ id }) => (id === 2 ? [warn] : [good]));
  render(Compare, { ids: nameMany(6) });
  const findings = await screen.findByRole('region', { name: 'Findings' });
  await within(findings).findByText('Nothing to look at in run 1, run 3, run 4, run 5, run 6.');
  expect(within(findings).getByText('1 worth a look')).toBeTruthy();
  expect(within(findings).queryByText('run 1')).toBeNull();
  service.answer(runFindings, () => []);
});

test('of many runs the first pictures are shown, and all when they are asked for', async () => {
  render(Compare, { ids: nameMany(12) });
  const grids = await screen.findByRole('region', { name: 'Sample grids' });
  await waitFor(() => expect(within(grids).getAllByRole('figure')).toHaveLength(8));
  await fireEvent.click(within(grids).getByRole('button', { name: 'All 12' }));
  expect(within(grids).getAllByRole('figure')).toHaveLength(12);
  await fireEvent.click(within(grids).getByRole('button', { name: 'The first 8' }));
  expect(within(grids).getAllByRole('figure')).toHaveLength(8);
});
