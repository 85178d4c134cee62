import type { DynamicsKind } from '../../contract/dynamics.ts';
import type { DynamicsTable } from '../../contract/dynamics-table.ts';
import { NOW, type Trace } from '../../contract/lasting.ts';
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

/** Moments whose median is "at first". */
const FIRST = 3;

/** One row's numbers over training. */
export interface Line extends Trace {
  readonly row: string;
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

/** A layer's or block's name without the word that all begin with. */
export const short = (row: string): string => row.replace(/^unet\./, '');

/** "a, b and 4 more". */
export function some(rows: readonly string[], most = 2): string {
  const named = rows.slice(0, most).map(short);
  const more = rows.length - named.length;
  if (more > 0) return `${named.join(', ')} and ${more} more`;
  return named.length > 1 ? `${named.slice(0, -1).join(', ')} and ${named.at(-1)!}` : named.join('');
}
