import type { Plugin } from 'chart.js';
import type { TimeRange, TimeWindow } from './time-range.ts';

/** What all charts of a page share along x. */
export class Crosshair {
  /** The place that they point at; null: nowhere. */
  x: number | null = $state(null);
  /** What is being dragged over, from where it began; null: nothing. */
  band: TimeRange | null = $state.raw(null);
  /** What they show; null: always all. */
  readonly view: TimeWindow | null;

  constructor(view: TimeWindow | null = null) {
    this.view = view;
  }
}

/** What the plugin draws over the curves; given anew at each change. */
export interface CrosshairMarks {
  /** Where the pointer is, in units of x. */
  pointer: number | null;
  /** Where the page's clock stands. */
  clock: number | null;
  /** What is being dragged over. */
  band: TimeRange | null;
  pointerColor: string;
  clockColor: string;
  /** Where a run went on after a pause, in units of x. */
  resumes: readonly number[];
  ground: string;
  /** Points to ring, in units of x and y. */
  dots: readonly { x: number; y: number; color: string }[];
}

/** Draws the lines of pointer and clock, and a ring on every curve. */
export function crosshairPlugin(marks: () => CrosshairMarks): Plugin<'line'> {
  return {
    id: 'crosshair',
    afterDatasetsDraw(chart) {
      const { ctx, chartArea: area } = chart;
      const { x, y } = chart.scales;
      // A chart draws itself once before it has been given axes.
      if (!x || !y) return;
      const { pointer, clock, band, resumes, pointerColor, clockColor, ground, dots } = marks();
      ctx.save();
      ctx.beginPath();
      ctx.rect(area.left - 1, area.top - 6, area.width + 2, area.height + 7);
      ctx.clip();
      const rule = (at: number, color: string, dash: number[]): void => {
        const left = Math.round(x.getPixelForValue(at)) + 0.5;
        ctx.strokeStyle = color;
        ctx.lineWidth = 1;
        ctx.setLineDash(dash);
        ctx.beginPath();
        ctx.moveTo(left, area.top);
        ctx.lineTo(left, area.bottom);
        ctx.stroke();
      };
      if (band !== null) {
        const [from, to] = [x.getPixelForValue(band.from), x.getPixelForValue(band.to)];
        ctx.globalAlpha = 0.2;
        ctx.fillStyle = clockColor;
        ctx.fillRect(from, area.top, to - from, area.height);
        ctx.globalAlpha = 1;
      }
      for (const at of resumes) rule(at, pointerColor, [2, 3]);
      if (clock !== null) rule(clock, clockColor, []);
      if (pointer !== null) rule(pointer, pointerColor, []);
      ctx.setLineDash([]);
      for (const dot of dots) {
        ctx.beginPath();
        ctx.arc(x.getPixelForValue(dot.x), y.getPixelForValue(dot.y), 3.5, 0, 2 * Math.PI);
        ctx.fillStyle = dot.color;
        ctx.strokeStyle = ground;
        ctx.lineWidth = 1.5;
        ctx.fill();
        ctx.stroke();
      }
      ctx.restore();
    },
  };
}
