import type { Cells, DynamicsSpan } from '../../../contract/dynamics-table.ts';

type Line = readonly (number | null)[];

/**
 * Of each cell the number to show: as recorded where it is one tick, else that of its ticks which lies furthest from what is
 * usual there, so that a spike or dip of one tick is seen. null where one was not finite, or nothing was measured.
 */
export function extremes({ values, span }: { readonly values: Cells; readonly span?: DynamicsSpan }): Cells {
  if (span === undefined) return values;
  return values.map((line, row) =>
    line.map((value, column) => {
      if (span.ticks[column] === 1) return value;
      const [low, high] = [span.low[row]?.[column] ?? null, span.high[row]?.[column] ?? null];
      return low === null || high === null ? null : further(low, high, usual(line, column, column));
    }),
  );
}

/** The same of neighbouring cells, where they share a pixel. @param gaps whether a cell without a number hides none with */
export function extremeOf(line: Line, first: number, last: number, gaps: boolean): number | null {
  let low = Infinity;
  let high = -Infinity;
  for (let column = first; column <= last; column++) {
    const value = line[column] ?? null;
    if (value === null && !gaps) return null;
    if (value !== null && value < low) low = value;
    if (value !== null && value > high) high = value;
  }
  return low > high ? null : further(low, high, usual(line, first, last));
}

/** Median of the cell in the middle and those on both sides, as far as they have numbers. */
function usual(line: Line, first: number, last: number): number | null {
  const [before, here, after] = [line[first - 1] ?? null, line[(first + last) >> 1] ?? null, line[last + 1] ?? null];
  if (before === null || after === null) return here ?? before ?? after;
  if (here === null) return (before + after) / 2;
  return Math.max(Math.min(before, here), Math.min(Math.max(before, here), after));
}

/** By factors where all are above 0, else by differences. */
function further(low: number, high: number, from: number | null): number {
  if (from === null) return high;
  return (low > 0 ? high / from >= from / low : high - from >= from - low) ? high : low;
}
