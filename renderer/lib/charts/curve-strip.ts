import { paintCurve, rowsOf, type CurveImage, type Stroke } from './curve-raster.ts';
import { inSlices } from './slices.ts';
import type { TimeRange } from './time-range.ts';

/** Widths of what is seen that are painted: a move then copies pixels. */
const AHEAD = 3;
/** While it is zoomed fewer, which are there sooner. */
const AHEAD_ZOOMED = 1.5;
/** Wider canvases are refused by some browsers. */
const MOST_PX = 16_384;
/** Parts of a width that are nothing but rounding. */
const SLACK = 1e-6;

/** What is painted: curves between two places of x and of y, in what the axes count. */
interface Sight {
  readonly strokes: readonly Stroke[];
  readonly x: TimeRange;
  readonly y: TimeRange;
  /** Pixels of the canvas. */
  readonly width: number;
  readonly height: number;
}

/** Where curves are drawn, in pixels of the page. */
interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Draws many curves, and keeps what it painted beside what is seen. The first is painted at once; what then moves, is zoomed
 * or changes is drawn from what is there, as large as it has to be, until it has been painted anew in between frames.
 */
export class CurveStrip {
  #painted: { readonly sight: Sight; readonly canvas: HTMLCanvasElement } | null = null;
  /** Gives up what is being painted; null: nothing is. */
  #giveUp: (() => void) | null = null;
  readonly #redraw: () => void;

  /** @param redraw is told when something has been painted that `draw` can show better */
  constructor(redraw: () => void) {
    this.#redraw = redraw;
  }

  /**
   * @param strokes drawn in turn
   * @param x       what is seen
   * @param whole   what of x there is
   * @param ratio   pixels of the canvas that are one of the page
   */
  draw(
    context: CanvasRenderingContext2D,
    strokes: readonly Stroke[],
    area: Area,
    { x, y, whole, ratio }: { x: TimeRange; y: TimeRange; whole: TimeRange; ratio: number },
  ): void {
    const width = Math.max(1, Math.round(area.width * ratio));
    const height = Math.max(1, Math.round(area.height * ratio));
    const seen: Sight = { strokes, x, y, width, height };
    if (this.#painted === null) this.#paintNow(seen, ratio);
    const { sight, canvas } = this.#painted!;
    const sharp = isSharp(sight, seen);
    const all = { from: Math.min(whole.from, x.from), to: Math.max(whole.to, x.to) };
    if (!isAsWide(sight, seen)) this.#paintSoon(widened(seen, AHEAD_ZOOMED, all), ratio);
    else if (!sharp || sight.strokes !== strokes) this.#paintSoon(widened(seen, AHEAD, all), ratio);
    else if (!holds(sight.x, widened(seen, AHEAD / 2, all).x)) this.#paintSoon(widened(seen, AHEAD, all), ratio);
    const perX = sight.width / (sight.x.to - sight.x.from);
    const perY = sight.height / (sight.y.to - sight.y.from);
    const left = (x.from - sight.x.from) * perX;
    const top = (sight.y.to - y.to) * perY;
    context.save();
    context.beginPath();
    context.rect(area.left, area.top, area.width, area.height);
    context.clip();
    context.imageSmoothingEnabled = !sharp;
    const place = Math.round(area.left * ratio) / ratio;
    context.drawImage(
      canvas,
      ...(sharp
        ? ([Math.round(left), 0, width, height] as const)
        : ([left, top, (x.to - x.from) * perX, (y.to - y.from) * perY] as const)),
      ...([place, Math.round(area.top * ratio) / ratio, width / ratio, height / ratio] as const),
    );
    context.restore();
  }

  clear(): void {
    this.#giveUp?.();
    this.#giveUp = null;
    this.#painted = null;
  }

  #paintNow(sight: Sight, ratio: number): void {
    const work = this.#paint(sight, ratio);
    while (work.next().done !== true);
  }

  #paintSoon(sight: Sight, ratio: number): void {
    // What is being painted will do for a while: else a long zoom would never see the end of it.
    this.#giveUp ??= inSlices(this.#paint(sight, ratio));
  }

  *#paint(sight: Sight, ratio: number): Generator<undefined, void> {
    const { strokes, x, y, width, height } = sight;
    const image: CurveImage = { width, height, x, y, pixels: new Uint32Array(width * height) };
    for (const stroke of strokes) {
      paintCurve(image, stroke, ratio);
      yield;
    }
    const data = new Uint8ClampedArray(width * height * 4);
    yield* rowsOf(image, data);
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [width, height];
    canvas.getContext('2d')?.putImageData(new ImageData(data, width, height), 0, 0);
    this.#painted = { sight, canvas };
    if (this.#giveUp === null) return;
    this.#giveUp = null;
    this.#redraw();
  }
}

/** What is seen and what lies around it, so many widths, inside the whole. */
function widened(seen: Sight, widths: number, whole: TimeRange): Sight {
  const { x, width } = seen;
  const length = x.to - x.from;
  const more = ((Math.min(widths, MOST_PX / width) - 1) / 2) * length;
  const from = Math.max(whole.from, x.from - more);
  const pixels = Math.round(((Math.min(whole.to, x.to + more) - from) / length) * width);
  return { ...seen, x: { from, to: from + (pixels / width) * length }, width: pixels };
}

/** Whether one is drawn from the other pixel by pixel. */
function isSharp(painted: Sight, seen: Sight): boolean {
  const { y } = painted;
  return isAsWide(painted, seen) && y.from === seen.y.from && y.to === seen.y.to && holds(painted.x, seen.x);
}

/** Whether a pixel is as much of x in both. */
function isAsWide(one: Sight, other: Sight): boolean {
  const density = ({ x, width }: Sight): number => width / (x.to - x.from);
  return Math.abs(density(one) / density(other) - 1) < SLACK;
}

function holds(painted: TimeRange, { from, to }: TimeRange): boolean {
  const slack = (to - from) * SLACK;
  return painted.from <= from + slack && painted.to >= to - slack;
}
