import type { ChartOptions, Plugin, Scale } from 'chart.js';
import { hexToRgb } from './color-map.ts';
import { reachOf, type Stroke } from './curve-raster.ts';
import { CurveStrip } from './curve-strip.ts';
import { withinEnds } from './chart-options.ts';
import type { Series } from './series.ts';
import type { TimeRange } from './time-range.ts';

/** More points than Chart.js draws while one drags. */
const MANY_POINTS = 6000;

/** Whether curves are painted as pixels. Bins, which are few, and bands never are. */
export function areMany(series: readonly Series[]): boolean {
  return (
    series.reduce((sum, { xs }) => sum + xs.length, 0) > MANY_POINTS &&
    series.every(({ steps, band }) => steps !== true && band === undefined)
  );
}

/** How a curve is painted. */
interface Look {
  /** '#rrggbb'. */
  readonly color: string;
  readonly alpha: number;
  readonly width: number;
  readonly logX: boolean;
  readonly logY: boolean;
}

const strokesBefore = new WeakMap<Series['ys'], { xs: Series['xs']; key: string; stroke: Stroke }>();

/** A curve as it is painted: what a logarithmic axis can't show is left out. The last of the same numbers is remembered. */
export function strokeOf(curve: Series, look: Look): Stroke {
  const key = JSON.stringify([look, curve.dash]);
  const before = strokesBefore.get(curve.ys);
  if (before?.xs === curve.xs && before.key === key) return before.stroke;
  const stroke = newStroke(curve, look);
  strokesBefore.set(curve.ys, { xs: curve.xs, key, stroke });
  return stroke;
}

function newStroke({ xs, ys, dash }: Series, { color, alpha, width, logX, logY }: Look): Stroke {
  const first = logX ? xs.findIndex((x) => x > 0) : 0;
  const shown = first < 0 ? [] : xs.slice(first);
  return {
    xs: Float64Array.from(shown, (x) => (logX ? Math.log10(x) : x)),
    ys: Float64Array.from(shown, (_, index) => {
      const y = ys[first + index] ?? Number.NaN;
      return !logY ? y : y > 0 ? Math.log10(y) : Number.NaN;
    }),
    ...{ color: hexToRgb(color), alpha, width, dash },
  };
}

/** Paints many curves under what Chart.js draws of its axes, which have no data of their own. */
export class ManyCurves {
  /** Drawn in turn; empty: Chart.js draws the curves. */
  strokes: readonly Stroke[] = [];
  #end = 0;
  readonly #strip: CurveStrip;

  constructor(redraw: () => void) {
    this.#strip = new CurveStrip(redraw);
  }

  readonly plugin: Plugin<'line'> = {
    id: 'many-curves',
    beforeDatasetsDraw: (chart) => {
      const { x, y } = chart.scales;
      if (this.strokes.length === 0) this.#strip.clear();
      if (this.strokes.length === 0 || !x || !y) return;
      this.#strip.draw(chart.ctx, this.strokes, chart.chartArea, {
        x: endsOf(x),
        y: endsOf(y),
        whole: { from: isLog(x) ? this.#start : 0, to: placeOn(x, this.#end) },
        ratio: chart.currentDevicePixelRatio,
      });
    },
  };

  /** Options whose axes reach over the curves: over all of x or what is seen, and of y over what is seen of it. @param end of x */
  fitted(options: ChartOptions<'line'>, seen: TimeRange | null, end: number): ChartOptions<'line'> {
    this.#end = end;
    const { x, y } = options.scales!;
    const least = isLog(x!) ? valueOn(x!, this.#start) : 0;
    const [min, max] = [Math.max(least, seen?.from ?? least), seen?.to ?? end];
    const reach = reachOf(this.strokes, { from: placeOn(x!, min), to: placeOn(x!, max) });
    const ends = reach && { suggestedMin: valueOn(y!, reach.min), suggestedMax: valueOn(y!, reach.max) };
    return { ...options, scales: { x: { ...withinEnds(x!), min, max }, y: { ...y!, ...ends } } };
  }

  close(): void {
    this.#strip.clear();
  }

  /** Where the first curve begins, as its axis counts. */
  get #start(): number {
    return Math.min(...this.strokes.map(({ xs }) => xs[0] ?? Infinity));
  }
}

interface Axis {
  readonly type?: string | undefined;
}
const isLog = ({ type }: Axis): boolean => type === 'logarithmic';

function endsOf(scale: Scale): TimeRange {
  return { from: placeOn(scale, scale.min), to: placeOn(scale, scale.max) };
}

/** A value as its axis counts it, and the inverse. */
const placeOn = (axis: Axis, value: number): number => (isLog(axis) ? Math.log10(value) : value);
const valueOn = (axis: Axis, place: number): number => (isLog(axis) ? 10 ** place : place);
