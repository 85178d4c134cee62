import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { cleanup, fireEvent, render, screen } from '@testing-library/svelte';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listDatasets } from '../../../../contract/datasets.ts';
import { runChanged } from '../../../../contract/events.ts';
import { runFindings } from '../../../../contract/findings.ts';
import { runDynamics } from '../../../../contract/dynamics-table.ts';
import { getRun, listRuns, runLog, runSnapshots, runTicks } from '../../../../contract/runs.ts';
import { listSamples } from '../../../../contract/samples.ts';
import { tickColumns } from '../../../../contract/ticks.ts';
import { packDynamics } from '../../../support/dynamics.ts';
import { exampleTick } from '../../../support/ticks.ts';
import Compare from '../../../../renderer/pages/compare/Compare.svelte';
import { exampleRun, exampleRunSummary } from '../../support/examples.ts';

const runs = ['<script>alert(1)</script> & "C"', 'G'].map((name, at) => exampleRunSummary({ id: at + 1, name }));
service.answer(listDatasets, () => []);
service.answer(listRuns, () => runs);
service.answer(getRun, ({ id }) => ({ ...exampleRun(), ...runs[id - 1]! }));
service.answer(runTicks, () => tickColumns([exampleTick(256), exampleTick(512)]));
service.answer(listSamples, () => []);
service.answer(runSnapshots, () => ({ snapshots: [], checkpoints: [] }));
service.answer(runLog, () => []);
service.answer(runFindings, () => []);
service.answer(runDynamics, ({ kind }) => packDynamics({ kind, layers: [], nimg: [], values: [] }));
service.open();
beforeEach(() => {
  for (const run of runs) service.emit(runChanged, run);
});
afterEach(() => {
  cleanup();
  vi.restoreAllMocks();
  window.location.hash = '';
});

const choose = async (item: string): Promise<void> => {
  await fireEvent.keyDown(await screen.findByRole('button', { name: 'Export' }), { key: 'Enter' });
  await fireEvent.click(await screen.findByRole('menuitem', { name: item }));
};

test('all that the compared runs recorded is saved as one file', async () => {
  render(Compare, { ids: [1, 2] });
  const asked: (string | null)[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    asked.push(this.getAttribute('href'));
  });
  await choose('Save every tick as CSV');
  expect(asked).toEqual(['/files/runs/1,2/ticks.csv']);
});

test('what is seen is saved as a page: curves, runs, what differs, and panels that could not be drawn by name', async () => {
  render(Compare, { ids: [1, 2], panels: ['loss', 'activation-max'] });
  const saved: Blob[] = [];
  const names: string[] = [];
  vi.stubGlobal(
    'URL',
    Object.assign(URL, { createObjectURL: (blob: Blob) => saved.push(blob), revokeObjectURL: vi.fn() }),
  );
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    names.push(this.download);
  });
  await screen.findByText('Nothing to draw.');
  await choose('Save as HTML');
  await expect.poll(() => names).toEqual(['script-alert-1-script-c-and-g.html']);
  const page = new DOMParser().parseFromString(await saved[0]!.text(), 'text/html');
  expect(page.querySelector('h1')!.textContent).toBe('<script>alert(1)</script> & "C" and G');
  expect([...page.querySelectorAll('section > svg')].map((svg) => svg.querySelector('title')!.textContent)).toEqual([
    'Loss',
  ]);
  expect(page.body.textContent).toContain('Not in this file: Largest activation of a bucket');
  expect(page.body.textContent).toContain('No grid yet at this time.');
  vi.unstubAllGlobals();
});
