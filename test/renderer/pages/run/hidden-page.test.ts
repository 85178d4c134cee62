import '../../support/no-charts.ts';
import { service } from '../../support/fake-service.ts';
import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { getSettings, Settings } from '../../../../contract/app.ts';
import { listDatasets } from '../../../../contract/datasets.ts';
import { runChanged, runTicked, sampleAdded, snapshotsChanged } from '../../../../contract/events.ts';
import { listJobs } from '../../../../contract/jobs.ts';
import { packDynamics } from '../../../support/dynamics.ts';
import { runDynamics } from '../../../../contract/dynamics-table.ts';
import { getRun, listRuns, runLog, runSnapshots, runTicks } from '../../../../contract/runs.ts';
import { listSamples } from '../../../../contract/samples.ts';
import { tickColumns, type TickColumns } from '../../../../contract/ticks.ts';
import { MOST_KEPT } from '../../../../renderer/lib/client/while-hidden.ts';
import RunPage from '../../../../renderer/pages/run/Run.svelte';
import { exampleTick } from '../../../support/ticks.ts';
import { exampleRun, exampleRunSummary, exampleSample, exampleSnapshot } from '../../support/examples.ts';
import { hidePage } from '../../support/page-visibility.ts';

/** A run's page that nobody sees: it asks nothing, draws nothing, and is right again once it is seen. */

const summary = exampleRunSummary({ id: 7, name: 'emoji', state: 'running', nimg: 512, durationImages: 35_008 });
const run = { ...exampleRun(), ...summary };
const ticks = (...nimg: number[]): TickColumns =>
  tickColumns(nimg.map((moment) => exampleTick(moment, { loss: moment / 1000, imagesPerSecond: 50 })));

/** Longer than the page gathers news before it draws them, or asks for magnitudes. */
const LONGEST_PAUSE_MS = 3300;

beforeAll(() => {
  service.answer(listRuns, () => [summary]);
  service.answer(listDatasets, () => []);
  service.answer(listJobs, () => []);
  service.answer(getSettings, () => Settings.parse({}));
  service.open();
});
beforeEach(() => {
  service.asked.length = 0;
  service.answer(getRun, () => run);
  service.answer(runTicks, () => ticks(256, 512));
  service.answer(listSamples, () => []);
  service.answer(runSnapshots, () => ({ snapshots: [exampleSnapshot()], checkpoints: [] }));
  service.answer(runLog, () => []);
  service.answer(runDynamics, ({ kind }) =>
    packDynamics({ kind, layers: ['unet.enc.32x32_conv'], nimg: [512], values: [[1]] }),
  );
});
afterEach(() => {
  hidePage(false);
  cleanup();
});

const chart = () => screen.getByText(/^Loss, as measured\. Loss/).textContent;

test('while it is hidden it asks for nothing and changes nothing; seen again it is where the run is', async () => {
  render(RunPage, { id: 7, tab: 'overview' });
  await waitFor(() => expect(chart()).toContain('0.512 at 512 images'));
  await waitFor(() => expect(service.inputsOf(runLog)).toHaveLength(1)); // what a page asks for last when it is opened
  hidePage(true);
  service.asked.length = 0;
  const before = document.body.innerHTML;
  for (const nimg of [768, 1024]) {
    service.emit(runTicked, { runId: 7, ticks: ticks(nimg) });
    service.emit(runChanged, { ...summary, nimg });
    service.emit(snapshotsChanged, { runId: 7 });
  }
  service.emit(sampleAdded, exampleSample({ runId: 7, origin: 'grid', nimg: 1024 }));
  service.emit(runChanged, { ...summary, nimg: 1024, state: 'finished' as const });
  service.answer(getRun, () => ({ ...run, nimg: 1024, state: 'finished' as const }));
  await new Promise((resolve) => setTimeout(resolve, LONGEST_PAUSE_MS));
  expect(service.asked).toEqual([]);
  expect(document.body.innerHTML).toBe(before);

  hidePage(false);
  await waitFor(() => expect(chart()).toContain('1.02 at 1.02 kimg'));
  expect(await screen.findByText(/^Finished/)).toBeTruthy();
  expect(document.querySelector('p[role=status]')?.textContent).toBe('emoji: finished');
  expect(service.inputsOf(runTicks)).toEqual([]); // what it was told is enough
  expect(service.inputsOf(runSnapshots)).toHaveLength(2);
});

test('after a night the history is read again, without what was undone meanwhile', async () => {
  render(RunPage, { id: 7, tab: 'dynamics' });
  await screen.findByRole('application', { name: 'Activation magnitudes' });
  await waitFor(() => expect(service.inputsOf(runLog)).toHaveLength(1));
  hidePage(true);
  service.asked.length = 0;
  for (let word = 0; word <= MOST_KEPT; word++) service.emit(runTicked, { runId: 7, ticks: ticks(513 + word) });
  service.answer(runTicks, () => ticks(256, 400, 2000));
  service.answer(getRun, () => ({ ...run, nimg: 2000, resumes: [256] }));
  service.answer(runDynamics, ({ kind }) =>
    packDynamics({
      kind,
      layers: ['unet.enc.32x32_conv'],
      nimg: [400, 2000],
      values: [[2, 3]],
    }),
  );
  expect(service.asked).toEqual([]);
  hidePage(false);
  await waitFor(() => expect(screen.getAllByText(/^At 2\.00 kimg: 3\.00/)).toHaveLength(3)); // maps
  expect(service.inputsOf(runTicks)).toMatchObject([{ afterNimg: -1 }]);
  const after = service.inputsOf(runDynamics).map(({ afterNimg }) => afterNimg);
  expect(new Set(after.slice(0, 3))).toEqual(new Set([-1]));
  expect(after).not.toContain(512); // what was read before is not gone on from
});
