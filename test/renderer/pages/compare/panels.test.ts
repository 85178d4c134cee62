import { expect, test } from 'vitest';
import { DynamicsKind, dynamicsKinds } from '../../../../contract/dynamics.ts';
import type { DynamicsTable } from '../../../../contract/dynamics-table.ts';
import { tickColumns, tickScalars } from '../../../../contract/ticks.ts';
import {
  DRAWS,
  rowCurves,
  rowsOf,
  scalarCurves,
  usualRow,
  wantedRows,
  type RecordedRows,
} from '../../../../renderer/pages/compare/panel-curves.ts';
import {
  panelForm,
  panelGroups,
  panelIn,
  panelText,
  readPanel,
  usualPanels,
} from '../../../../renderer/pages/compare/panels.ts';
import { imagesAt, xsOf } from '../../../../renderer/pages/compare/x-axis.ts';
import { exampleTick } from '../../../support/ticks.ts';
import { exampleRun } from '../../support/examples.ts';

test('all that is recorded can be added, and no scalar shares its name with a kind', () => {
  const all = panelGroups.flat();
  expect(all.filter((name) => !/^(map:|noise$)/.test(name)).sort()).toEqual(
    [...Object.keys(tickScalars), ...Object.keys(dynamicsKinds)]
      .filter((name) => !/^(nimg|at|trainSeconds)$/.test(name))
      .sort(),
  );
  expect(new Set(all).size).toBe(all.length);
  for (const text of [...all, ...usualPanels(true)]) expect(panelText(readPanel(text)!)).toBe(text);
});

test('every kind can be drawn as curves and as maps, and what each tick records as curves alone', () => {
  for (const kind of DynamicsKind.options) {
    const curves = readPanel(kind)!;
    const maps = panelIn('maps', curves);
    expect([panelText(maps), panelForm(maps), panelForm(curves)]).toEqual([`map:${kind}`, 'maps', 'curves']);
    expect(readPanel(`map:${kind}`)).toEqual(maps);
    expect(panelText(panelIn('curves', maps))).toBe(kind);
    expect(panelText(panelIn('ratio', maps))).toBe(`map:${kind}:ratio`);
  }
  for (const text of ['loss', 'noise']) expect(panelForm(readPanel(text)!)).toBeNull();
  const chosen = readPanel('map:weight:ratio:7/4')!;
  expect(chosen).toEqual({ ratio: 'weight', of: { over: 7, under: 4 } });
  expect([panelText(chosen), panelForm(chosen)]).toEqual(['map:weight:ratio:7/4', 'ratio']);
});

test('a panel is read with its row, whose name may have colons; what is none is told', () => {
  expect(readPanel('activation-max:Dec 16×16')).toEqual({ kind: 'activation-max', row: 'Dec 16×16' });
  expect(readPanel('validation:raw: held out')).toEqual({ kind: 'validation', row: 'raw: held out' });
  for (const text of [
    '',
    'nimg',
    'toString',
    'activation-maximum',
    'loss:x',
    'map',
    'map:',
    'map:loss',
    'map:noise',
    'noise:x',
    'map:weight:ratio:7',
    'map:weight:ratio:0/4',
    'map:weight:ratios',
  ])
    expect(readPanel(text)).toBeNull();
});

const run = exampleRun();
const recorded = (id: number, table?: DynamicsTable): RecordedRows => ({
  id,
  run: { ...run, id, name: `run ${id}` },
  ticks: tickColumns([100, 200, 400].map((nimg) => exampleTick(nimg, { trainSeconds: nimg / 10 }))),
  table,
});
const named = (runs: readonly RecordedRows[]) => runs.map((one) => ({ run: one.run, names: one.table?.layers ?? [] }));
const bucket = (layers: string[]): DynamicsTable => ({
  kind: 'activation-max',
  layers,
  nimg: [100, 400],
  values: layers.map((_, row) => [1, row + 2]),
});

test('runs of another resolution are told apart from those that did not record it', () => {
  const runs = [
    recorded(1, bucket(['Enc 16×16', 'Dec 16×16'])),
    recorded(2, bucket(['Dec 8×8'])),
    recorded(3, { ...bucket([]), nimg: [] }),
  ];
  const { curves, unrecorded, withoutRow } = rowCurves('Dec 16×16', runs, 'images');
  expect(curves.map(({ label, xs, ys }) => [label, xs, ys])).toEqual([['run 1', [100, 400], [1, 3]]]);
  expect({ unrecorded, withoutRow }).toEqual({ unrecorded: ['run 3'], withoutRow: ['run 2'] });
  expect(rowsOf('activation-max', named(runs))).toEqual(['Enc 16×16', 'Dec 16×16', 'Dec 8×8']);
});

test('scalars that an earlier version did not record are told', () => {
  const { curves, unrecorded } = scalarCurves('weightedError', [recorded(1)], 'images');
  expect({ curves, unrecorded }).toEqual({ curves: [], unrecorded: ['run 1'] });
  expect(scalarCurves('loss', [recorded(1)], 'images').curves).toHaveLength(1);
});

test('a spike between columns of a long run is drawn', () => {
  const table = { ...bucket(['Dec 16×16']), span: { ticks: [1, 50], low: [[1, 1]], high: [[1, 90]] } };
  expect(rowCurves('Dec 16×16', [recorded(1, table)], 'images').curves[0]!.ys).toEqual([1, 90]);
});

test('validation is of the average that draws in each run, solid; beside it dashed what is trained on', () => {
  const { sigmaRel } = run.config.grid;
  const table: DynamicsTable = {
    kind: 'validation',
    layers: [`σ_rel ${sigmaRel}: held out`, `σ_rel ${sigmaRel}: trained on`],
    nimg: [400],
    values: [[0.5], [0.4]],
  };
  const runs = [recorded(1, table)];
  expect(wantedRows('validation', DRAWS, runs[0]!.run)).toEqual(table.layers);
  expect(wantedRows('validation', '', runs[0]!.run)).toEqual([]);
  expect(usualRow('validation', rowsOf('validation', named(runs)))).toBe(DRAWS);
  const [heldOut, trainedOn] = rowCurves(DRAWS, runs, 'images').curves;
  expect([heldOut!.ys, heldOut!.dash]).toEqual([[0.5], []]);
  expect([trainedOn!.ys, trainedOn!.label]).toEqual([[0.4], 'run 1, trained on']);
  expect(trainedOn!.dash).not.toEqual([]);
});

test('wall time counts pauses, and stands still where the clock was set back', () => {
  const { run: one } = recorded(1);
  const paused = tickColumns(
    [
      { nimg: 100, trainSeconds: 10, at: 1_000_000 },
      { nimg: 200, trainSeconds: 20, at: 1_010_000 },
      { nimg: 300, trainSeconds: 30, at: 4_620_000 },
      { nimg: 400, trainSeconds: 40, at: 4_500_000 },
      { nimg: 500, trainSeconds: 50, at: 4_640_000 },
    ].map(({ nimg, ...rest }) => exampleTick(nimg, rest)),
  );
  expect(xsOf('time', one, paused, paused.nimg)).toEqual([10, 20, 3630, 3630, 3650]);
  expect(xsOf('time', one, paused, [250])).toEqual([1825]);
  expect(imagesAt('time', one, paused, 1825)).toBeCloseTo(250, 9);
  expect(xsOf('time', one, tickColumns([]), [100])).toEqual([0]);
});

test('x counts images, steps or seconds, and leads back to images', () => {
  const { run: one, ticks } = recorded(1);
  const { batchSize } = one.config.training;
  expect(xsOf('steps', one, ticks, [100])).toEqual([100 / batchSize]);
  expect(xsOf('seconds', one, ticks, [50, 100, 300, 400, 900])).toEqual([5, 10, 30, 40, 40]);
  expect(xsOf('seconds', one, tickColumns([]), [100])).toEqual([0]);
  for (const name of ['images', 'steps', 'seconds', 'time'] as const)
    expect(imagesAt(name, one, ticks, xsOf(name, one, ticks, [300])[0]!)).toBeCloseTo(300, 9);
});
