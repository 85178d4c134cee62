import { dynamicsKinds, type DynamicsKind } from '../../../contract/dynamics.ts';
import type { Cells, DynamicsTable } from '../../../contract/dynamics-table.ts';
import { divergingScale, octavesFor, sequentialScale, type ColorScale } from '../../lib/charts/color-map.ts';
import { extremes } from '../../lib/charts/extremes.ts';
import { shortLayer, stageOf, type HeatTable } from '../../lib/charts/heat-image.ts';
import { extent, nearest } from '../../lib/charts/series.ts';
import { hasRatio, ratios, robustRange, type Colors } from '../../lib/run/change.ts';
import { rowWords } from '../../lib/run/magnitude-summary.ts';
import type { Recorded } from './panel-curves.ts';
import { xsOf, type XName } from './x-axis.ts';

/** Maps of one kind of several runs: the same rows, the same colours, the same x. */

/** More maps beside each other are too small to be read. */
export const MOST_MAPS = 6;

/** The map of a run. */
export interface RunMap {
  readonly id: number;
  readonly name: string;
  /** As recorded. */
  readonly table: DynamicsTable;
  /** Where each of its moments stands, in units of x. */
  readonly xs: readonly number[];
  /** What its colours say, all rows of the panel; a row that the run does not have is an empty line. */
  readonly drawn: HeatTable;
}

export interface RunMaps {
  /** Rows of all maps, in the order of the network. */
  readonly layers: readonly string[];
  readonly maps: readonly RunMap[];
  /** Names of runs that did not record it. */
  readonly unrecorded: readonly string[];
}

/** The maps of a kind. @param colors what they say, where the kind has ratios */
export function mapsOf(kind: DynamicsKind, runs: readonly Recorded[], x: XName, colors: Colors): RunMaps {
  const tables = runs.flatMap((one) => {
    const table = one.magnitudes[kind];
    return table === undefined ? [] : [{ one, table }]; // else it is not read yet
  });
  const drawn = tables.filter(({ table }) => table.nimg.length > 0);
  const layers = rowsTogether(drawn.map(({ table }) => table.layers));
  const maps = drawn.map(({ one, table }): RunMap => {
    const xs = xsOf(x, one.run, one.ticks, table.nimg);
    const seen = { ...table, values: extremes(table) };
    const values: Cells = colorsOf(kind, colors) === 'change' ? ratios(seen) : seen.values;
    const lines = layers.map((layer) => values[table.layers.indexOf(layer)] ?? []);
    return { id: one.id, name: one.run.name, table, xs, drawn: { nimg: xs, values: lines } };
  });
  return {
    layers,
    maps,
    unrecorded: tables
      .filter(({ one, table }) => table.nimg.length === 0 && one.ticks.nimg.length > 0)
      .map(({ one }) => one.run.name),
  };
}

/** What the colours of a kind can say. */
export function colorsOf(kind: DynamicsKind, wanted: Colors): Colors {
  return hasRatio(kind) ? wanted : 'low to high';
}

/** One scale for all maps, so that the same colour is the same number. @param colors as `colorsOf` gives them */
export function scaleOf(maps: readonly RunMap[], colors: Colors, theme: 'light' | 'dark'): ColorScale {
  const all = maps.flatMap(({ drawn }) => drawn.values);
  if (colors !== 'low to high') return divergingScale(octavesFor(robustRange(all)), theme);
  const ends = extent(all.flat());
  return sequentialScale(ends?.min ?? 0, ends?.max ?? 1);
}

/**
 * Rows of several networks in one order: encoders from the finest resolution down, decoders back up, and in each what only
 * a later network has behind what precedes it there.
 */
export function rowsTogether(lists: readonly (readonly string[])[]): string[] {
  const together: string[] = [];
  for (const list of lists) {
    let place = 0;
    for (const row of list) {
      const there = together.indexOf(row);
      if (there < 0) together.splice(place, 0, row);
      place = (there < 0 ? place : there) + 1;
    }
  }
  const staged = together.filter((row) => stageOf(row) !== null).sort((a, b) => depth(a) - depth(b));
  let next = 0;
  return together.map((row) => (stageOf(row) === null ? row : staged[next++]!));
}

/** Rises from the input to the output. */
function depth(row: string): number {
  const { part, resolution } = stageOf(row)!;
  return part === 'Enc' ? -resolution : resolution;
}

/** The column of a map at a place on x; null: it ends before, by more than the distance between its last moments. */
export function columnAt(xs: readonly number[], at: number | null): number | null {
  if (xs.length === 0) return null;
  const [last, before] = [xs.at(-1)!, xs.at(-2) ?? 0];
  if (at === null) return xs.length - 1;
  return at > last + (last - before) ? null : nearest(xs, at);
}

/** Which rows a run lacks, in a sentence; '' where it has all. */
export function lackWords(kind: DynamicsKind, { name, drawn }: RunMap, layers: readonly string[]): string {
  const lacking = layers.filter((_, row) => drawn.values[row]!.length === 0);
  if (lacking.length === 0) return '';
  const rows = rowWords[dynamicsKinds[kind].of];
  const named = lacking.slice(0, 2).map(shortLayer).join(', ');
  const more = lacking.length > 2 ? ` and ${lacking.length - 2} more` : '';
  return `${name} has ${layers.length - lacking.length} of the ${layers.length} ${rows}; empty there: ${named}${more}.`;
}
