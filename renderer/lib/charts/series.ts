/** A curve: `xs` rise, `ys` fit them one to one, null where nothing was measured. Replaced as a whole, never mutated. */
export interface Series {
  readonly id: string;
  readonly label: string;
  /** CSS custom property of its colour. */
  readonly token: string;
  /** Lengths of dash and gap in pixels; empty: solid. */
  readonly dash: readonly number[];
  /** Pixels of the line; absent: as wide as usual. */
  readonly width?: number;
  readonly xs: readonly number[];
  readonly ys: readonly (number | null)[];
  /** It is the mean of several. */
  readonly band?: Band;
  /** Each value stands for a bin around its x, and is drawn as a step. */
  readonly steps?: boolean;
}

/** How far values are spread around a curve that is the mean of several, at each of its x. */
export interface Band {
  /** `range`: from the smallest to the largest; `deviation`: one standard deviation to both sides. */
  readonly kind: 'range' | 'deviation';
  readonly low: readonly (number | null)[];
  readonly high: readonly (number | null)[];
  /** How many curves have a value. */
  readonly runs: readonly number[];
  /** How many curves there are. */
  readonly all: number;
  /** Whether it is drawn. */
  readonly shaded: boolean;
}

/** What a band says at a place: "0.51 to 0.55, here of 2", "± 0.02"; empty: all have one value there. */
export function spreadWords({ band, ys }: Series, index: number, y: AxisStyle): string {
  const [low, high, mean] = [band?.low[index] ?? null, band?.high[index] ?? null, ys[index] ?? null];
  if (band === undefined || low === null || high === null || mean === null) return '';
  const runs = band.runs[index]!;
  const spread = band.kind === 'range' ? `${y.value(low)} to ${y.value(high)}` : `± ${y.value(high - mean)}`;
  return [low < high ? spread : '', runs < band.all ? `here of ${runs}` : ''].filter((part) => part !== '').join(', ');
}

/** What the bands of curves are, as sentences; none where there are none. */
export function bandsWords(series: readonly Series[]): string[] {
  const kinds = new Set(series.map(({ band }) => (band?.shaded === true ? band.kind : null)));
  const [range, deviation] = [kinds.has('range'), kinds.has('deviation')];
  const ends = 'from the smallest to the largest value';
  const sides = 'one standard deviation to both sides';
  if (range && deviation) return [`Shaded: ${ends}, of four runs or more ${sides}.`];
  return range || deviation ? [`Shaded: ${range ? ends : sides}.`] : [];
}

/** What is drawn along one direction. */
export interface AxisStyle {
  /** With its unit in brackets ("training images", "loss"). */
  readonly title: string;
  readonly log: boolean;
  /** Distances between ticks that are round in its unit, rising; absent: round decimal numbers. */
  readonly steps?: readonly number[];
  /** Where ticks stand, rising; absent, or fewer than two in reach: at round places. */
  readonly places?: readonly number[];
  /** A tick's value in words. */
  readonly tick: (value: number) => string;
  /** A value under the crosshair in words. */
  readonly value: (value: number) => string;
}

/**
 * Smooths a curve by averages that look back: every measurement weighs exp(−distance / length), so uneven spacing and
 * gaps do no harm, and the first values are not drawn towards zero.
 *
 * @param length in units of x; 0: the curve as it is
 */
export function smooth(
  xs: readonly number[],
  ys: readonly (number | null)[],
  length: number,
): readonly (number | null)[] {
  if (length <= 0) return ys;
  let sum = 0;
  let weight = 0;
  let before = xs[0] ?? 0;
  return ys.map((y, index) => {
    const x = xs[index]!;
    const decay = Math.exp(-(x - before) / length);
    sum *= decay;
    weight *= decay;
    before = x;
    if (y === null || !Number.isFinite(y)) return null;
    sum += y;
    weight += 1;
    return sum / weight;
  });
}

const smoothedBefore = new WeakMap<Series['ys'], { xs: Series['xs']; length: number; smoothed: Series['ys'] }>();

/** As `smooth`, of which it remembers what came of the same numbers last. */
function smoothOnce(xs: Series['xs'], ys: Series['ys'], length: number): Series['ys'] {
  const before = smoothedBefore.get(ys);
  if (before?.xs === xs && before.length === length) return before.smoothed;
  const smoothed = smooth(xs, ys, length);
  smoothedBefore.set(ys, { xs, length, smoothed });
  return smoothed;
}

/** A curve, with its band, smoothed. @param share length of the smoothing as a share of the curve's own */
export function smoothedCurve(curve: Series, share: number): Series {
  const { xs, ys, band } = curve;
  const of = (values: Series['ys']): Series['ys'] => smoothOnce(xs, values, share * (xs.at(-1) ?? 0));
  return { ...curve, ys: of(ys), ...(band && { band: { ...band, low: of(band.low), high: of(band.high) } }) };
}

/**
 * Outline of two bins or more that are equally wide: two points each, at its bounds.
 *
 * @param log whether they are on a logarithmic scale
 */
export function stepsOf({ xs, ys }: Pick<Series, 'xs' | 'ys'>, log: boolean): Pick<Series, 'xs' | 'ys'> {
  const places = log ? xs.map(Math.log) : xs;
  const half = (places.at(-1)! - places[0]!) / (places.length - 1) / 2;
  const bounds = [...places.map((place) => place - half), places.at(-1)! + half];
  const drawn = log ? bounds.map(Math.exp) : bounds;
  return {
    xs: xs.flatMap((_, index) => [drawn[index]!, drawn[index + 1]!]),
    ys: ys.flatMap((y) => [y, y]),
  };
}

/** Index of the value in a rising list that is nearest to `x`; −1 if the list is empty. */
export function nearest(xs: readonly number[], x: number): number {
  if (xs.length === 0) return -1;
  let low = 0;
  let high = xs.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low > 0 && x - xs[low - 1]! <= xs[low]! - x ? low - 1 : low;
}

/** Index of the last value in a rising list that is not above `x`; −1 if there is none. */
export function lastAt(xs: readonly number[], x: number): number {
  const index = nearest(xs, x);
  return index >= 0 && xs[index]! > x ? index - 1 : index;
}

/** The smallest and the largest measured value; null if nothing was measured. */
export function extent(ys: Iterable<number | null>): { min: number; max: number } | null {
  let min = Infinity;
  let max = -Infinity;
  for (const y of ys) {
    if (y === null || !Number.isFinite(y)) continue;
    if (y < min) min = y;
    if (y > max) max = y;
  }
  return min <= max ? { min, max } : null;
}
