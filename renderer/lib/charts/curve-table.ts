import type { FigureTable } from './figure.ts';
import { nearest, spreadWords, type AxisStyle, type Series } from './series.ts';

/** More rows than this nobody reads; files of numbers have them all. */
const MOST_ROWS = 200;

/** Places on x of a table of curves, rising: evenly chosen where there are too many, the last among them. */
function placesOf(series: readonly Series[]): { all: number; shown: readonly number[] } {
  const all = [...new Set(series.flatMap((curve) => curve.xs))].sort((a, b) => a - b);
  const step = Math.max(1, Math.ceil(all.length / MOST_ROWS));
  return { all: all.length, shown: all.filter((_, index) => (all.length - 1 - index) % step === 0) };
}

/** What was measured as text, the newest first; where a curve has no value, a dash. */
export function curveTable(series: readonly Series[], x: AxisStyle, y: AxisStyle): FigureTable {
  const { all, shown } = placesOf(series);
  const value = (curve: Series, at: number): string => {
    const index = nearest(curve.xs, at);
    const found = curve.xs[index] === at ? curve.ys[index] : undefined;
    if (found === undefined || found === null) return '–';
    const spread = spreadWords(curve, index, y);
    return spread === '' ? y.value(found) : `${y.value(found)} (${spread})`;
  };
  return {
    head: [x.title, ...series.map(({ label }) => label)],
    rows: [...shown].reverse().map((at) => [x.value(at), ...series.map((curve) => value(curve, at))]),
    moments: all,
  };
}
