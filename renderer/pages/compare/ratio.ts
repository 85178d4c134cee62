import { sentence } from '../../../contract/sentence.ts';
import type { Cells, DynamicsTable } from '../../../contract/dynamics-table.ts';
import { shortLayer } from '../../lib/charts/heat-image.ts';
import { nearest } from '../../lib/charts/series.ts';
import { rowsTogether } from './maps.ts';

/** One kind of a run divided by the same of another, where both have it. */
export interface RatioTable {
  /** Rows of both, in the order of the network. */
  readonly layers: readonly string[];
  /** Training images of each column: moments of the run that has fewer of them. */
  readonly nimg: readonly number[];
  /** How many times as large: dimensionless, above 0; null where one of both is not above 0, or no number. */
  readonly values: Cells;
  /** Rows that the other run does not have. */
  readonly onlyOver: readonly string[];
  readonly onlyUnder: readonly string[];
}

/**
 * `over` divided by `under`, row by row at equal counts of training images. A column is a moment of the run with fewer of
 * them; of the other its nearest is taken, as it is: nothing between moments is made up. Moments without one of the other
 * within half the distance between two are left out, and so is what came after the shorter run had ended.
 */
export function ratioOf(over: DynamicsTable, under: DynamicsTable): RatioTable {
  const layers = rowsTogether([under.layers, over.layers]).filter(
    (layer) => over.layers.includes(layer) && under.layers.includes(layer),
  );
  const coarse = meanDistance(over.nimg) > meanDistance(under.nimg) ? over.nimg : under.nimg;
  const columns = coarse.flatMap((nimg, index) => {
    const column = { nimg, over: nearest(over.nimg, nimg), under: nearest(under.nimg, nimg) };
    const reach = distanceAt(coarse, index) / 2;
    const isNear = (at: number | undefined): boolean => at !== undefined && Math.abs(at - nimg) <= reach;
    return isNear(over.nimg[column.over]) && isNear(under.nimg[column.under]) ? [column] : [];
  });
  return {
    layers,
    nimg: columns.map(({ nimg }) => nimg),
    values: layers.map((layer) => {
      const [above, below] = [over.values[over.layers.indexOf(layer)]!, under.values[under.layers.indexOf(layer)]!];
      return columns.map((column) => divided(above[column.over] ?? null, below[column.under] ?? null));
    }),
    onlyOver: over.layers.filter((layer) => !under.layers.includes(layer)),
    onlyUnder: under.layers.filter((layer) => !over.layers.includes(layer)),
  };
}

const meanDistance = (nimg: readonly number[]): number => (nimg.at(-1) ?? 0) / Math.max(1, nimg.length);

/** From a moment to its further neighbour, images; from the only one to the beginning. */
function distanceAt(nimg: readonly number[], index: number): number {
  const [before, here, after] = [nimg[index - 1], nimg[index]!, nimg[index + 1]];
  if (before === undefined && after === undefined) return here;
  return Math.max(before === undefined ? 0 : here - before, after === undefined ? 0 : after - here);
}

function divided(over: number | null, under: number | null): number | null {
  return over === null || under === null || over <= 0 || under <= 0 ? null : over / under;
}

export interface RatioCell {
  readonly layer: string;
  readonly nimg: number;
  readonly ratio: number;
}

/** The smallest and the largest ratio, with row and moment; null: there is none. */
export function ratioEnds({ layers, nimg, values }: RatioTable): { low: RatioCell; high: RatioCell } | null {
  let low: RatioCell | null = null;
  let high: RatioCell | null = null;
  for (const [row, line] of values.entries()) {
    for (const [column, ratio] of line.entries()) {
      if (ratio === null) continue;
      const cell = { layer: layers[row]!, nimg: nimg[column]!, ratio };
      if (low === null || ratio < low.ratio) low = cell;
      if (high === null || ratio > high.ratio) high = cell;
    }
  }
  return low === null || high === null ? null : { low, high };
}

/** Two runs by their ids, of those that are there: the wanted, else the second divided by the first; null: there are no two. */
export function chosenPair(
  there: readonly number[],
  wanted: { readonly over: number; readonly under: number } | null,
): { over: number; under: number } | null {
  const [first, second] = there;
  if (first === undefined || second === undefined) return null;
  const isThere =
    wanted !== null && wanted.over !== wanted.under && there.includes(wanted.over) && there.includes(wanted.under);
  return isThere ? { ...wanted } : { over: second, under: first };
}

/** What the two have in common and what not, in sentences; none where all is. */
export function sharedWords(
  { layers, onlyOver, onlyUnder }: RatioTable,
  names: { readonly over: string; readonly under: string },
): string[] {
  if (onlyOver.length === 0 && onlyUnder.length === 0) return [];
  const only = (name: string, lacking: readonly string[]): string[] =>
    lacking.length === 0
      ? []
      : [
          `only ${name} has ${lacking.slice(0, 3).map(shortLayer).join(', ')}${lacking.length > 3 ? ` and ${lacking.length - 3} more` : ''}`,
        ];
  return [
    sentence(
      [`rows that both have: ${layers.length}`, ...only(names.over, onlyOver), ...only(names.under, onlyUnder)].join(
        '; ',
      ),
    ),
  ];
}
