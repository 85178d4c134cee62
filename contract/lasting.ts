import { median } from './median.ts';

/** When something went beyond a limit to stay there: what findings say grew, and which row of a map left first. */

/** A row's numbers over training; null where there is none. */
export interface Trace {
  readonly nimg: readonly number[];
  readonly values: readonly (number | null)[];
}

/** Moments whose median is "now". */
export const NOW = 5;

/**
 * Medians of as many moments as "now" has, each at the middle one: what comes and goes with the pictures of a batch neither
 * makes nor breaks what stays. The last value is "now". Empty where there are fewer numbers.
 */
export function steadied({ nimg, values }: Trace): Trace {
  const numbers = values.flatMap((value, index) => (value === null ? [] : [{ nimg: nimg[index]!, value }]));
  const windows = numbers.slice(NOW - 1).map((_, index) => numbers.slice(index, index + NOW));
  return {
    nimg: windows.map((window) => window[Math.floor(NOW / 2)]!.nimg),
    values: windows.map((window) => median(window.map(({ value }) => value))),
  };
}

/**
 * The moment from which on a trace stays beyond a limit to its end; null: it doesn't. Moments without a number don't count.
 *
 * @param beyond whether a value is
 */
export function since({ nimg, values }: Trace, beyond: (value: number) => boolean): number | null {
  let from: number | null = null;
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    if (!beyond(value)) from = null;
    else from ??= nimg[index]!;
  }
  return from;
}
