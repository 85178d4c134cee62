import { runMark } from '../../lib/run-colors.ts';
import type { RunGroup } from '../../lib/run/run-groups.ts';
import type { Band, Series } from '../../lib/charts/series.ts';
import type { RunCurve } from './panel-curves.ts';

/** From so many runs on a band is their standard deviation; of fewer it says more to see all that was measured. */
const ENOUGH = 4;

/** Places of a mean; beyond them evenly spread ones are taken. */
const MOST_PLACES = 2000;

/** One curve a group in the place of those of its runs, marked by the group's place; alone in it, a run's curve stays its own. */
export function groupedCurves(curves: readonly RunCurve[], groups: readonly RunGroup[]): Series[] {
  const parts = [...new Set(curves.map(({ part }) => part))];
  return groups.flatMap(({ label, text, runs }, place) => {
    const mark = runMark(groupMark(place));
    return parts.flatMap((part) => {
      const own = curves.filter((curve) => curve.part === part && runs.some(({ id }) => id === curve.runId));
      const [first] = own;
      if (first === undefined) return [];
      const style = part === '' ? mark : { token: mark.token };
      if (own.length === 1) return [{ ...first, ...style }];
      const mean = meanOf(own);
      // Of what stands beside something else the band would only hide that one's.
      if (part !== '') mean.band = { ...mean.band, shaded: false };
      const name = [label, part, `mean of ${own.length}`].filter((word) => word !== '').join(', ');
      return [{ ...first, ...style, id: `${part} of ${text}`, label: name, ...mean }];
    });
  });
}

/** The id in whose colour the group at a place is drawn: groups are told apart by as few dashes as can be. */
export function groupMark(place: number): number {
  return place + 1;
}

/**
 * The mean of several curves with what they are spread over. Each counts from its first place to its last, straight between
 * the places that were measured, and not beside what is not finite; so at each x the mean is of the curves that have come so
 * far, `runs` says how many. Where all were measured at the same places, nothing lies between them.
 *
 * @param curves two at least; xs rise
 * @returns places and, at each, mean and band; null where no curve has a value. The band goes from the smallest to the
 *   largest value of fewer than four curves; of more by one standard deviation (n − 1) to both sides.
 */
export function meanOf(curves: readonly Pick<Series, 'xs' | 'ys'>[]): Pick<Series, 'xs' | 'ys'> & { band: Band } {
  const xs = fewer([...new Set(curves.flatMap((curve) => curve.xs))].sort((a, b) => a - b));
  const rows = curves.map((curve) => valuesAt(curve, xs));
  const kind = curves.length < ENOUGH ? 'range' : 'deviation';
  const ys: (number | null)[] = [];
  const [low, high, runs]: [(number | null)[], (number | null)[], number[]] = [[], [], []];
  for (const place of xs.keys()) {
    const values = rows.map((row) => row[place] ?? null).filter((value) => value !== null);
    const mean = values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
    const [from, to] = mean === null ? [null, null] : kind === 'range' ? rangeOf(values) : deviationOf(values, mean);
    ys.push(mean);
    low.push(from);
    high.push(to);
    runs.push(values.length);
  }
  return { xs, ys, band: { kind, low, high, runs, all: curves.length, shaded: true } };
}

function rangeOf(values: readonly number[]): [number, number] {
  return [Math.min(...values), Math.max(...values)];
}

function deviationOf(values: readonly number[], mean: number): [number, number] {
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / Math.max(1, values.length - 1));
  return [mean - deviation, mean + deviation];
}

/** Evenly spread places of many, the first and the last among them. */
function fewer(xs: readonly number[]): readonly number[] {
  if (xs.length <= MOST_PLACES) return xs;
  const step = (xs.length - 1) / (MOST_PLACES - 1);
  return Array.from({ length: MOST_PLACES }, (_, index) => xs[Math.round(index * step)]!);
}

/** A curve at rising places: straight between what was measured, null outside and beside what is not finite. */
function valuesAt({ xs, ys }: Pick<Series, 'xs' | 'ys'>, places: readonly number[]): (number | null)[] {
  const finite = (index: number): number | null => {
    const y = ys[index] ?? null;
    return y !== null && Number.isFinite(y) ? y : null;
  };
  let right = 0;
  return places.map((place) => {
    while (right < xs.length && xs[right]! < place) right += 1;
    const [x, y] = [xs[right], finite(right)];
    if (x === undefined) return null;
    if (x === place) return y;
    const [x0, y0] = [xs[right - 1], finite(right - 1)];
    if (x0 === undefined || y === null || y0 === null) return null;
    return y0 + ((place - x0) / (x - x0)) * (y - y0);
  });
}
