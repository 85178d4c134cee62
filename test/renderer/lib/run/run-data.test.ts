import { service } from '../../support/fake-service.ts';
import { beforeAll, expect, test, vi } from 'vitest';
import { runDynamics } from '../../../../contract/dynamics-table.ts';
import { runMeasured } from '../../../../contract/events.ts';
import { getRun, runLog, runSnapshots, runTicks } from '../../../../contract/runs.ts';
import { listSamples } from '../../../../contract/samples.ts';
import { noTicks } from '../../../../renderer/lib/run/tick-columns.ts';
import { RunData } from '../../../../renderer/lib/run/run-data.svelte.ts';
import { onlyRows, packDynamics } from '../../../support/dynamics.ts';
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

test('parts of a page that show several kinds are given all of them; those that show none ask for nothing', async () => {
  const data = new RunData(exampleRun().id);
  const ends = [data.watch(['noise-count', 'noise-error']), data.watch(['validation', 'noise-count'])];
  const all = ['noise-count', 'noise-error', 'validation'];
  await vi.waitFor(() => expect(Object.keys(data.magnitudes).sort()).toEqual(all));
  service.asked.length = 0;
  for (const end of ends) end();
  data.watch([])();
  await new Promise((done) => setTimeout(done, 20));
  expect(service.inputsOf(runDynamics)).toEqual([]);
  data.close();
});

test('what was measured without a tick is read soon after', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const data = new RunData(exampleRun().id);
  const end = data.watch(['validation']);
  await vi.waitFor(() => expect(data.magnitudes.validation?.nimg).toEqual([256]));
  service.asked.length = 0;
  service.emit(runMeasured, { runId: exampleRun().id + 1, nimg: 512 });
  vi.runAllTimers();
  expect(service.inputsOf(runDynamics)).toEqual([]);
  service.emit(runMeasured, { runId: exampleRun().id, nimg: 512 });
  vi.runAllTimers();
  vi.useRealTimers();
  await vi.waitFor(() => expect(service.inputsOf(runDynamics)).toMatchObject([{ kind: 'validation' }]));
  end();
  data.close();
});

test('some rows of a kind are read beside all of them, and what they are called is known from either', async () => {
  const whole = {
    kind: 'weight' as const,
    layers: ['a', 'b'],
    nimg: [256, 512],
    values: [
      [1, 2],
      [3, 4],
    ],
  };
  service.answer(runDynamics, ({ kind, rows }) => packDynamics(onlyRows({ ...whole, kind }, rows)));
  const data = new RunData(exampleRun().id);
  const ends = [
    data.watchRows('weight', ['b', 'of another run']),
    data.watch(['weight']),
    data.watchRows('weight', []),
  ];
  await vi.waitFor(() => expect(data.rowsOf('weight', [])?.layers).toEqual([]));
  expect(data.rowsOf('weight', ['b', 'of another run'])).toMatchObject({ layers: ['b'], values: [[3, 4]] });
  expect(data.magnitudes.weight?.values).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(data.rowNames.weight).toEqual(['a', 'b']);
  ends[1]!();
  service.asked.length = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  service.emit(runMeasured, { runId: exampleRun().id, nimg: 512 });
  vi.runAllTimers();
  vi.useRealTimers();
  await vi.waitFor(() => expect(service.inputsOf(runDynamics)).toHaveLength(2));
  expect(service.inputsOf(runDynamics)).toMatchObject([{ rows: ['b', 'of another run'], afterNimg: -1 }, { rows: [] }]);
  data.close();
});
