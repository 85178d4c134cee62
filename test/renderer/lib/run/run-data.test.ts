import { service } from '../../support/fake-service.ts';
import { beforeAll, expect, test, vi } from 'vitest';
import { runDynamics } from '../../../../contract/dynamics-table.ts';
import { getRun, runLog, runSnapshots, runTicks } from '../../../../contract/runs.ts';
import { listSamples } from '../../../../contract/samples.ts';
import { noTicks } from '../../../../renderer/lib/run/tick-columns.ts';
import { RunData } from '../../../../renderer/lib/run/run-data.svelte.ts';
import { packDynamics } from '../../../support/dynamics.ts';
import { exampleRun } from '../../support/examples.ts';

beforeAll(() => {
  service.answer(getRun, () => exampleRun());
  service.answer(runTicks, () => noTicks);
  service.answer(listSamples, () => []);
  service.answer(runSnapshots, () => ({ snapshots: [], checkpoints: [] }));
  service.answer(runLog, () => []);
  service.answer(runDynamics, ({ kind }) => packDynamics({ kind, layers: ['0.1'], nimg: [256], values: [[1]] }));
  service.open();
});

test('a page that shows several kinds is given all of them; one that shows none asks for nothing', async () => {
  const data = new RunData(exampleRun().id);
  data.watch(['noise-count', 'noise-error']);
  await vi.waitFor(() => expect(Object.keys(data.magnitudes).sort()).toEqual(['noise-count', 'noise-error']));
  service.asked.length = 0;
  data.watch([]);
  await new Promise((done) => setTimeout(done, 20));
  expect(service.inputsOf(runDynamics)).toEqual([]);
  data.close();
});
