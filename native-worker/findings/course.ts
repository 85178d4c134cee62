import type { DynamicsKind } from '../../contract/dynamics.ts';
import type { DynamicsTable } from '../../contract/dynamics-table.ts';
import { median } from '../../contract/median.ts';
import type { RunConfig } from '../../contract/training.ts';
import type { TickColumns } from '../../contract/ticks.ts';

/** What a run recorded, as the rules read it. */
export interface Course {
  readonly config: RunConfig;
  readonly ticks: TickColumns;
  /** A kind's numbers over training; without rows and moments where the run did not record it. */
  readonly table: (kind: DynamicsKind) => DynamicsTable;
}

/** With fewer moments nothing is said. */
export const ENOUGH = 10;

/** Moments whose median is "now", and as many "at first". */
const NOW = 5;
const FIRST = 3;

/** One row's numbers over training. */
export interface Line {
  readonly row: string;
  readonly nimg: readonly number[];
  readonly values: readonly (number | null)[];
}

/** The rows of a kind that have enough numbers. */
export function linesOf(table: DynamicsTable): Line[] {
  return table.layers
    .map((row, index) => ({ row, nimg: table.nimg, values: table.values[index]! }))
    .filter(({ values }) => finite(values).length >= ENOUGH);
}

/** Median of a line's last moments. */
export const now = ({ values }: Line): number => median(finite(values).slice(-NOW));

/** Median of its first. */
export const atFirst = ({ values }: Line): number => median(finite(values).slice(0, FIRST));

export function finite(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

/**
 * The moment from which on a line stays beyond a limit to its end; null: it doesn't. Moments without a number don't count.
 *
 * @param beyond whether a value is
 */
export function since({ nimg, values }: Line, beyond: (value: number) => boolean): number | null {
  let from: number | null = null;
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    if (!beyond(value)) from = null;
    else from ??= nimg[index]!;
  }
  return from;
}

/**
 * A line of medians of as many moments as "now" has, each at the middle one: what comes and goes with the pictures of a
 * batch neither makes nor breaks what stays. Its last value is `now`.
 */
export function steadied({ row, nimg, values }: Line): Line {
  const numbers = values.flatMap((value, index) => (value === null ? [] : [{ nimg: nimg[index]!, value }]));
  const windows = numbers.slice(NOW - 1).map((_, index) => numbers.slice(index, index + NOW));
  return {
    row,
    nimg: windows.map((window) => window[Math.floor(NOW / 2)]!.nimg),
    values: windows.map((window) => median(window.map(({ value }) => value))),
  };
}

/** A layer's or block's name without the word that all begin with. */
export const short = (row: string): string => row.replace(/^unet\./, '');

/** "a, b and 4 more". */
export function some(rows: readonly string[], most = 2): string {
  const named = rows.slice(0, most).map(short);
  const more = rows.length - named.length;
  if (more > 0) return `${named.join(', ')} and ${more} more`;
  return named.length > 1 ? `${named.slice(0, -1).join(', ')} and ${named.at(-1)!}` : named.join('');
}
