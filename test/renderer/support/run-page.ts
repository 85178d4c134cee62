import './no-charts.ts';
import { service } from './fake-service.ts';
import { cleanup, render } from '@testing-library/svelte';
import { afterEach, beforeAll, beforeEach } from 'vitest';
import { listMachines } from '../../../contract/machines.ts';
import { getSettings, Settings } from '../../../contract/app.ts';
import { listDatasets } from '../../../contract/datasets.ts';
import { packDynamics } from '../../support/dynamics.ts';
import { runDynamics } from '../../../contract/dynamics-table.ts';
import { getRun, listRuns, runLog, runSnapshots, runTicks } from '../../../contract/runs.ts';
import { tickColumns, type TickColumns } from '../../../contract/ticks.ts';
import { listJobs } from '../../../contract/jobs.ts';
import { listProfiles } from '../../../contract/profile.ts';
import { listSamples } from '../../../contract/samples.ts';
import { findTuning } from '../../../contract/tuning.ts';
import RunPage from '../../../renderer/pages/run/Run.svelte';
import type { RunTab } from '../../../renderer/lib/router.svelte.ts';
import { exampleDataset, exampleRun, exampleRunSummary, exampleSnapshot } from './examples.ts';
import { exampleTick } from '../../support/ticks.ts';

/** A run's page with a service that knows the run: what its tests have in common. */

export const summary = exampleRunSummary({
  id: 7,
  name: 'emoji',
  state: 'running',
  nimg: 512,
  durationImages: 35_008,
  imagesPerSecond: 50,
});
export const run = { ...exampleRun(), ...summary };
export const ticks = (nimg: number[], loss: (number | null)[]): TickColumns =>
  tickColumns(
    nimg.map((moment, index) => {
      const value = loss[index]!;
      return exampleTick(moment, { trainSeconds: moment / 50, loss: value, lossStderr: value, imagesPerSecond: 50 });
    }),
  );

/** Sets the service up for each test of a file, and takes the page away after it. */
export function useRunPage(): void {
  beforeAll(() => {
    service.answer(listRuns, () => []);
    service.answer(listDatasets, () => [exampleDataset()]);
    service.answer(listJobs, () => []);
    service.answer(getSettings, () => Settings.parse({}));
    service.open();
  });

  beforeEach(() => {
    service.answer(listMachines, () => []);
    service.asked.length = 0;
    service.answer(getRun, () => run);
    service.answer(runTicks, () => ticks([256, 512], [1.25, 0.75]));
    service.answer(listSamples, () => []);
    service.answer(listProfiles, () => []);
    service.answer(findTuning, () => null);
    service.answer(runSnapshots, () => ({ snapshots: [exampleSnapshot()], checkpoints: [] }));
    service.answer(runLog, () => [{ id: 1, at: 1000, nimg: 0, level: 'info' as const, text: 'Started on CPU.' }]);
    service.answer(runDynamics, ({ kind, afterNimg }) =>
      packDynamics({
        kind,
        layers: ['unet.enc.32x32_conv', 'unet.dec.32x32_block0'],
        nimg: afterNimg < 256 ? [256, 512] : [],
        values:
          afterNimg < 256
            ? [
                [1, 0.9],
                [1.1, null],
              ]
            : [[], []],
      }),
    );
  });
  afterEach(cleanup);
}

export const show = (tab: RunTab) => render(RunPage, { id: 7, tab });
