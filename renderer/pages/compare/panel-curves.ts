import { dynamicsKinds, type DynamicsKind } from '../../../contract/dynamics.ts';
import type { DynamicsTable } from '../../../contract/dynamics-table.ts';
import type { Run } from '../../../contract/runs.ts';
import type { TickColumns, TickScalarName } from '../../../contract/ticks.ts';
import { networkName, validationRows } from '../../../contract/validation.ts';
import { extremes } from '../../lib/charts/extremes.ts';
import type { Series } from '../../lib/charts/series.ts';
import { runMark } from '../../lib/run-colors.ts';
import { xsOf, type XName } from './x-axis.ts';

interface RecordedRun {
  readonly id: number;
  readonly run: Run;
  readonly ticks: TickColumns;
}

/** What a run of the page has recorded. */
export interface Recorded extends RecordedRun {
  readonly magnitudes: Readonly<Partial<Record<DynamicsKind, DynamicsTable>>>;
}

/** The same of rows of one kind. */
export interface RecordedRows extends RecordedRun {
  /** At least the rows that are drawn (`wantedRows`); undefined: not read yet. */
  readonly table: DynamicsTable | undefined;
}

/** A curve of one run. */
export interface RunCurve extends Series {
  readonly runId: number;
  /** What of the run it is, where it has several curves; empty: what it is about. */
  readonly part: string;
}

export interface PanelCurves {
  readonly curves: readonly RunCurve[];
  /** Names of runs that did not record it. */
  readonly unrecorded: readonly string[];
  /** Names of runs that recorded it, but have no such row. */
  readonly withoutRow: readonly string[];
}

/** What a run was trained on, beside what was held out. */
const TRAINED_ON = { dash: [5, 3], width: 1 };

/** A curve a run of something that each tick records. */
export function scalarCurves(name: TickScalarName, runs: readonly RecordedRun[], x: XName): PanelCurves {
  const has = ({ ticks }: RecordedRun): boolean => ticks[name].some((value) => value !== null);
  return {
    curves: runs.filter(has).map((one) => curveOf(one, x, one.ticks.nimg, one.ticks[name])),
    unrecorded: runs.filter((one) => !has(one) && one.ticks.nimg.length > 0).map(({ run }) => run.name),
    withoutRow: [],
  };
}

/** A curve a run of a row of a kind; of validation two: solid on what is held out, dashed on what is trained on. */
export function rowCurves(row: string, runs: readonly RecordedRows[], x: XName): PanelCurves {
  const curves: RunCurve[] = [];
  const unrecorded: string[] = [];
  const withoutRow: string[] = [];
  for (const one of runs) {
    const { table } = one;
    if (table === undefined) continue; // not read yet
    const lines = linesOf(table, row, one.run).map(({ layer, beside }) => {
      const ys = lineOf(table, table.layers.indexOf(layer));
      const curve = curveOf(one, x, table.nimg, ys);
      return beside
        ? {
            ...curve,
            ...TRAINED_ON,
            id: `${one.id} trained on`,
            label: `${curve.label}, trained on`,
            part: 'trained on',
          }
        : curve;
    });
    curves.push(...lines);
    if (lines.length > 0) continue;
    if (table.nimg.length > 0) withoutRow.push(one.run.name);
    else if (one.ticks.nimg.length > 0) unrecorded.push(one.run.name);
  }
  return { curves, unrecorded, withoutRow };
}

/** The rows of a kind that can be chosen, in the order in which the runs have them. */
export function rowsOf(
  kind: DynamicsKind,
  runs: readonly { readonly run: Run; readonly names: readonly string[] }[],
): string[] {
  const isValidation = dynamicsKinds[kind].of === 'validation';
  return [
    ...new Set(
      runs.flatMap(({ run, names }) => {
        if (names.length === 0) return [];
        return isValidation ? [DRAWS, ...networksOf(run).map(({ network }) => network)] : names;
      }),
    ),
  ];
}

/** The network of validation that each run draws its grids with, whatever its length. */
export const DRAWS = 'the average that draws';

/** The row that says most: the average that draws, the noise level in the middle, else the one nearest to the output. */
export function usualRow(kind: DynamicsKind, rows: readonly string[]): string {
  const { of } = dynamicsKinds[kind];
  if (of === 'validation') return DRAWS;
  return (of === 'noise level' ? rows[rows.length >> 1] : rows.at(-1)) ?? '';
}

/** Names of the rows that a run is to be asked for. @param row as chosen; '': none yet, its names are to be found out */
export function wantedRows(kind: DynamicsKind, row: string, run: Run): string[] {
  return row === '' ? [] : wantedLines(kind, row, run).map(({ layer }) => layer);
}

/** The rows of a run's table that are drawn, and which of them only stands beside another. */
function linesOf(table: DynamicsTable, row: string, run: Run): { layer: string; beside: boolean }[] {
  return wantedLines(table.kind, row, run).filter(({ layer }) => table.nimg.length > 0 && table.layers.includes(layer));
}

function wantedLines(kind: DynamicsKind, row: string, run: Run): { layer: string; beside: boolean }[] {
  if (dynamicsKinds[kind].of !== 'validation') return [{ layer: row, beside: false }];
  return networksOf(run)
    .filter(({ network }) => network === (row === DRAWS ? networkName(run.config.grid.sigmaRel) : row))
    .map(({ name, pictures }) => ({ layer: name, beside: pictures === 'trained on' }));
}

function networksOf({ config }: Run): { network: string; name: string; pictures: string }[] {
  return validationRows(config.training.sigmaRels).map(({ name, sigmaRel, pictures }) => ({
    network: networkName(sigmaRel),
    name,
    pictures,
  }));
}

/** A row as it is drawn: between columns of a long run its spikes are kept. */
function lineOf({ values, span }: DynamicsTable, row: number): readonly (number | null)[] {
  const of = <T>(all: readonly T[]): T[] => all.slice(row, row + 1);
  const line = {
    values: of(values),
    ...(span && { span: { ticks: span.ticks, low: of(span.low), high: of(span.high) } }),
  };
  return extremes(line)[0]!;
}

function curveOf(
  { id, run, ticks }: RecordedRun,
  x: XName,
  nimg: readonly number[],
  ys: readonly (number | null)[],
): RunCurve {
  return { id: String(id), runId: id, part: '', label: run.name, ...runMark(id), xs: xsOf(x, run, ticks, nimg), ys };
}
