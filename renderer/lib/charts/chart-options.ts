import {
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  type ChartOptions,
  type ScaleOptions,
} from 'chart.js';
import type { TextFont } from '../state/theme.svelte.ts';
import type { AxisStyle } from './series.ts';

// Only the parts that are used, so that the rest is not in the build.
Chart.register(Filler, LineController, LineElement, PointElement, LinearScale, LogarithmicScale);

export interface ChartColors {
  line: string;
  quiet: string;
}

/** Options of every curve chart: no animation, no pop-ups of its own, hairline grid. */
export function chartOptions(x: AxisStyle, y: AxisStyle, colors: ChartColors, font: TextFont): ChartOptions<'line'> {
  return {
    animation: false,
    parsing: false,
    normalized: true,
    responsive: true,
    maintainAspectRatio: false,
    // Chromium reports fractional sizes; a chart that redraws for each of them would crawl.
    resizeDelay: 50,
    events: [],
    layout: { padding: { top: 6, right: 10 } },
    elements: { point: { radius: 0, hitRadius: 0 }, line: { tension: 0 } },
    scales: { x: { ...scale(x, colors, font, false), ...(x.log ? {} : { min: 0 }) }, y: scale(y, colors, font, true) },
  };
}

/** To stand under another picture: how wide the y axis is, in pixels, and from where to where x goes. */
export interface ChartFrame {
  readonly left: number;
  /** Absent: from 0, or where the curves begin. */
  readonly start?: number;
  readonly end: number;
}

/** The same with a y axis of a given width and an x between given places, at the very right. */
export function framed(options: ChartOptions<'line'>, { left, start, end }: ChartFrame): ChartOptions<'line'> {
  const { x, y } = options.scales!;
  return {
    ...options,
    layout: { padding: { top: 6, right: 0 } },
    scales: {
      x: {
        ...(start === undefined ? withinEnds(x!) : { ...x!, min: start, afterFit: withoutPadding }),
        max: end,
      },
      y: {
        ...y!,
        afterFit: (fitted) => {
          fitted.width = left;
        },
      },
    },
  };
}

/** An axis whose labels need no room beyond its ends, so that what is beside it stays where it is. */
export function withinEnds<T extends { ticks?: object }>(axis: T): T {
  return { ...axis, ticks: { ...axis.ticks, align: 'inner' }, afterFit: withoutPadding };
}

function withoutPadding(fitted: { paddingLeft?: number; paddingRight?: number }): void {
  fitted.paddingLeft = 0;
  fitted.paddingRight = 0;
}

function scale(
  axis: AxisStyle,
  colors: ChartColors,
  font: TextFont,
  grid: boolean,
): ScaleOptions<'linear' | 'logarithmic'> {
  return {
    type: axis.log ? 'logarithmic' : 'linear',
    // x ends where the curves end; y ends at round numbers.
    bounds: grid ? 'ticks' : 'data',
    grid: { display: grid, color: colors.line, drawTicks: false },
    border: { color: colors.line, display: !grid },
    title: { display: true, text: axis.title, color: colors.quiet, font, padding: 2 },
    ticks: {
      color: colors.quiet,
      font,
      padding: 6,
      maxRotation: 0,
      includeBounds: grid,
      autoSkipPadding: grid || axis.places ? 8 : 24,
      maxTicksLimit: axis.places?.length ?? (grid ? 6 : 8),
      callback: (value) => axis.tick(Number(value)),
    },
    afterBuildTicks: (built) => {
      const { min, max } = built;
      const inside = axis.places?.filter((place) => place >= min && place <= max) ?? [];
      if (inside.length > 1) built.ticks = inside.map((value) => ({ value }));
      if (axis.log) return;
      if (axis.steps) built.ticks = evenTicks(built.min, built.max, axis.steps);
      built.ticks = withoutCrowdedEnd(built.ticks);
    },
  };
}

/** At most this many distances between ticks that `evenTicks` chose. */
const MOST_STEPS = 6;

/** Ticks at multiples of the smallest step that is large enough, and at the end. */
export function evenTicks(min: number, max: number, steps: readonly number[]): { value: number }[] {
  const step = steps.find((candidate) => (max - min) / candidate <= MOST_STEPS) ?? steps.at(-1)!;
  const first = Math.ceil(min / step) * step;
  const count = Math.min(100, Math.floor((max - first) / step) + 1);
  const ticks = Array.from({ length: Math.max(0, count) }, (_, index) => ({ value: first + index * step }));
  return ticks.at(-1)?.value === max ? ticks : [...ticks, { value: max }];
}

/** The axis ends where the data ends, and Chart.js labels that end even where it would lie on the label before. */
export function withoutCrowdedEnd<T extends { readonly value: number }>(ticks: readonly T[]): T[] {
  const [first, second, beforeLast, last] = [ticks[0], ticks[1], ticks.at(-2), ticks.at(-1)];
  if (ticks.length < 3 || !first || !second || !beforeLast || !last) return [...ticks];
  const crowded = last.value - beforeLast.value < 0.4 * (second.value - first.value);
  return crowded ? ticks.slice(0, -1) : [...ticks];
}
