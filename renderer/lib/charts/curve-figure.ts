import { axisScale, type AxisScale } from './axis-scale.ts';
import { curveTable } from './curve-table.ts';
import { BODY_WIDTH, dashes, pixel, TEXT, textAt, type Figure, type Paint } from './figure.ts';
import { widthOf } from './figure-text.ts';
import { bandsWords, extent, stepsOf, type AxisStyle, type Series } from './series.ts';
import type { TimeRange } from './time-range.ts';

/** What a chart of curves shows. */
export interface CurveChart {
  readonly title: string;
  readonly words: readonly string[];
  /** As measured. */
  readonly series: readonly Series[];
  /** The same smoothed, drawn over what was measured; null: nothing is. */
  readonly smoothed: readonly Series[] | null;
  readonly x: AxisStyle;
  readonly y: AxisStyle;
  /** What is seen of x; null: all. */
  readonly range: TimeRange | null;
  /** Ends of the y axis; absent: where the curves end. */
  readonly reach: { readonly min?: number; readonly max?: number };
  /** Where a run went on after a pause, in units of x. */
  readonly marks: readonly number[];
}

const PLOT = 340;
const TOP = 8;
const RIGHT = 18;
/** Under the curves: ticks and the title of x. */
const FOOT = 42;
/** Pixels of a curve's line. */
export const USUAL_WIDTH = 1.75;
const TICK = 5;

/** Curves on their axes, with a name for each; drawn from the values, whatever the size of the window. */
export function curveFigure(chart: CurveChart): Figure {
  const { title, words, series, smoothed } = chart;
  const isNamed = series.length !== 1 || series[0]!.label !== title;
  return {
    title,
    words: [...words, ...(smoothed === null ? [] : ['Bold: smoothed. Thin: as measured.']), ...bandsWords(series)],
    legend: isNamed ? legendOf(series) : [],
    height: TOP + PLOT + FOOT,
    draw: (paint) => drawn(chart, paint),
    table: () => curveTable(series, chart.x, chart.y),
  };
}

/** Each name once, though several curves have it. */
function legendOf(series: readonly Series[]): Figure['legend'] {
  const named = new Map(series.map((curve) => [curve.label, curve]));
  return Array.from(named.values(), ({ label, token, dash, width = USUAL_WIDTH }) => ({ label, token, dash, width }));
}

function drawn({ series, smoothed, x, y, range, reach, marks }: CurveChart, paint: Paint): string {
  const ready = (curves: readonly Series[]): Drawn[] =>
    curves.map((curve) => ({ ...curve, points: pointsOf(curve, x.log, y.log) }));
  const over = ready(smoothed ?? series);
  const under = smoothed === null ? [] : ready(series);
  const bands = ready((smoothed ?? series).flatMap(edgesOf));
  const all = [...under, ...over, ...bands];
  const there = extent(all.flatMap(({ points }) => points.map((point) => point.x)));
  const from = range && !(x.log && range.from <= 0) ? range.from : x.log ? there?.min : 0;
  const across = axisScale(x, there && { min: from!, max: range?.to ?? there.max }, 8, 'data');
  const high = extent(
    all.flatMap(({ points }) => points.filter((point) => isWithin(point.x, across)).map((point) => point.y)),
  );
  const up = axisScale(y, high && { ...high, ...reach }, 6, 'round');

  const labels = up.ticks.map(y.tick);
  const left = Math.ceil(Math.max(0, ...labels.map((label) => widthOf(label, TEXT))) + 10 + (y.title === '' ? 0 : 18));
  const width = BODY_WIDTH - left - RIGHT;
  const placeX = (value: number): number => left + across.at(value) * width;
  const placeY = (value: number): number => TOP + (1 - up.at(value)) * PLOT;
  const [line, quiet] = [paint('--line'), paint('--quiet')];

  const grid = up.ticks.map(
    (tick, index) =>
      `<path d="M${left} ${pixel(placeY(tick))}h${width}" stroke="${line}"/>` +
      textAt(labels[index]!, left - 8, placeY(tick) + 4, { fill: quiet, anchor: 'end' }),
  );
  const foot = across.ticks.map(
    (tick) =>
      `<path d="M${pixel(placeX(tick))} ${TOP + PLOT}v${TICK}" stroke="${line}"/>` +
      textAt(x.tick(tick), placeX(tick), TOP + PLOT + 19, { fill: quiet, anchor: 'middle' }),
  );
  const middle = TOP + PLOT / 2;
  const titles = [
    textAt(x.title, left + width / 2, TOP + PLOT + FOOT - 4, { fill: quiet, anchor: 'middle' }),
    ...(y.title === '' ? [] : [textAt(y.title, TEXT, middle, { fill: quiet, anchor: 'middle', turned: true })]),
    ...(all.some(({ points }) => points.length > 0)
      ? []
      : [textAt('Nothing measured', left + width / 2, middle, { fill: quiet, anchor: 'middle' })]),
  ];
  const resumes = marks
    .filter((mark) => isWithin(mark, across))
    .map((mark) => `<path d="M${pixel(placeX(mark))} ${TOP}v${PLOT}" stroke="${quiet}" stroke-dasharray="2 3"/>`);
  const curve = (one: Drawn, strokeWidth: number, opacity: string): string =>
    `<path d="${path(one.points, placeX, placeY)}" fill="none" stroke="${paint(one.token)}" stroke-width="${strokeWidth}"${opacity}${dashes(one.dash)} stroke-linejoin="round" stroke-linecap="${one.dash.length === 0 || one.points.length === 1 ? 'round' : 'butt'}"/>`;
  // An inner drawing clips what goes beyond the axes, and needs no name that another one could have.
  const inner = [
    ...bands.flatMap((low, index) => {
      const shape = index % 2 === 0 ? between(low.points, bands[index + 1]!.points, placeX, placeY) : '';
      return shape === '' ? [] : [`<path d="${shape}" fill="${paint(low.token)}" fill-opacity="0.2"/>`];
    }),
    ...under.map((one) => curve(one, 1, ' stroke-opacity="0.25"')),
    ...over.map((one) => curve(one, one.points.length === 1 ? 5 : (one.width ?? USUAL_WIDTH), '')),
  ];
  const window = `x="${left}" y="${TOP - 2}" width="${width + 2}" height="${PLOT + 4}" viewBox="${left} ${TOP - 2} ${width + 2} ${PLOT + 4}"`;
  return [...grid, ...foot, ...titles, ...resumes, `<svg ${window} overflow="hidden">`, ...inner, '</svg>'].join('\n');
}

interface Point {
  readonly x: number;
  /** null: nothing was measured. */
  readonly y: number | null;
}
type Drawn = Series & { readonly points: readonly Point[] };

/** The lower and the upper edge of a curve's band, as curves; none where it has none. */
function edgesOf(curve: Series): Series[] {
  const { band } = curve;
  return band?.shaded !== true ? [] : [band.low, band.high].map((ys) => ({ ...curve, ys }));
}

/** What lies between two lines over the same x, in pixels: a shape for each stretch on which both are there. */
function between(
  low: readonly Point[],
  high: readonly Point[],
  left: (value: number) => number,
  top: (value: number) => number,
): string {
  const shapes: string[] = [];
  for (let from = 0, to = 0; from < low.length; from = to + 1) {
    to = from;
    while (to < low.length && low[to]!.y !== null && high[to]!.y !== null) to += 1;
    const outline = [...low.slice(from, to), ...high.slice(from, to).reverse()];
    if (to - from > 1) shapes.push(`${path(outline, left, top)}Z`);
  }
  return shapes.join('');
}

/** What of a curve the axes can show: nothing that is not above 0 on a logarithmic one. */
function pointsOf(curve: Series, logX: boolean, logY: boolean): Point[] {
  const { xs, ys } = curve.steps && curve.xs.length > 1 ? stepsOf(curve, logX) : curve;
  return xs.flatMap((x, index) => {
    const y = ys[index] ?? null;
    if (logX && x <= 0) return [];
    return [{ x, y: y === null || !Number.isFinite(y) || (logY && y <= 0) ? null : y }];
  });
}

function isWithin(value: number, { min, max }: AxisScale): boolean {
  return value >= min && value <= max;
}

/** A path through points in pixels; lifts the pen where a value is missing, and a single one is a dot. */
export function path(
  points: readonly Point[],
  left: (value: number) => number,
  top: (value: number) => number,
): string {
  let begins = true;
  return points
    .map(({ x, y }, index) => {
      if (y === null) {
        begins = true;
        return '';
      }
      const isAlone = begins && (points[index + 1]?.y ?? null) === null;
      const step = `${begins ? 'M' : 'L'}${pixel(left(x))} ${pixel(top(y))}${isAlone ? 'h0' : ''}`;
      begins = false;
      return step;
    })
    .join('');
}
