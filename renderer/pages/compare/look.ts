import { runFieldNamed, type RunField } from '../../../contract/run-fields.ts';
import { toIds } from '../../lib/address-parts.ts';
import type { CompareLook } from '../../lib/compare-address.ts';
import type { TimeRange } from '../../lib/charts/time-range.ts';
import { readWipe, type Wipe } from './wipe.ts';
import { xNames, type XName } from './x-axis.ts';

/** How the page is looked at, read from its address. */
export interface Look {
  readonly x: XName;
  /** Its values part the runs; null: each is drawn for itself. */
  readonly group: RunField | null;
  /** Grids that lie one over the other; null: all are side by side. */
  readonly wipe: Wipe | null;
  /** What the address says in vain, each as the beginning of "…; it is left out". */
  readonly unknown: readonly string[];
}

export function readLook(look: CompareLook): Look {
  const x = (Object.keys(xNames) as XName[]).find((name) => name === look.x);
  const group = runFieldNamed(look.group ?? '') ?? null;
  const wipe = readWipe(look.wipe ?? '');
  const unknown = [
    look.x !== undefined && x === undefined ? `There is no axis “${look.x}”` : null,
    look.range !== undefined && readRange(look.range) === null ? `“${look.range}” is no stretch of the axis` : null,
    look.group !== undefined && group === null ? `There is no field “${look.group}” to group by` : null,
    look.hide !== undefined && toIds(look.hide).length === 0 ? `“${look.hide}” are no runs to hide` : null,
    look.wipe !== undefined && wipe === null ? `“${look.wipe}” are no two grids` : null,
  ];
  return { x: x ?? 'images', group, wipe, unknown: unknown.filter((text) => text !== null) };
}

/** Significant digits of an end of what is zoomed into: a thousandth of a pixel. */
const DIGITS = 6;

/** Reads "1000-2000", in units of x; null: it is none. */
export function readRange(text: string): TimeRange | null {
  const [, from, to] = /^(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(text) ?? [];
  return Number(from) < Number(to) ? { from: Number(from), to: Number(to) } : null;
}

/** The inverse of `readRange`; empty: all. */
export function rangeText(range: TimeRange | null): string {
  if (range === null) return '';
  const text = (value: number): string => String(Number(value.toPrecision(DIGITS)));
  return `${text(range.from)}-${text(range.to)}`;
}
