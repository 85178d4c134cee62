import type { Rgb } from './color-map.ts';

/** Many curves as pixels: a column at a time, so that a curve costs what it covers, however many points it has. */

/** A curve in what its axes count, logarithms where they are logarithmic. Replaced as a whole, never mutated. */
export interface Stroke {
  /** Rising. */
  readonly xs: Float64Array;
  /** NaN where nothing was measured. */
  readonly ys: Float64Array;
  readonly color: Rgb;
  /** 0 to 1. */
  readonly alpha: number;
  /** Pixels of the line. */
  readonly width: number;
  /** Pixels of dash and gap along x, in turn; empty: solid. */
  readonly dash: readonly number[];
}

/** Pixels around the point of a curve that has but one. */
const DOT_PX = 2.5;

interface Ends {
  readonly from: number;
  readonly to: number;
}

/**
 * Pixels that show a stretch of both axes, column after column from the highest y down, since a curve is painted so. Each is
 * red, green, blue and alpha, a byte each from the lowest on, the colours multiplied by alpha.
 */
export interface CurveImage {
  readonly width: number;
  readonly height: number;
  readonly x: Ends;
  readonly y: Ends;
  readonly pixels: Uint32Array;
}

/** Draws a curve over what is there. @param scale pixels of the image that are one of the stroke's */
export function paintCurve(image: CurveImage, stroke: Stroke, scale: number): void {
  const { width, height, x, y } = image;
  const { xs, ys } = stroke;
  const [perX, perY] = [width / (x.to - x.from), height / (y.to - y.from)];
  const brush = brushOf(image, stroke, scale, Math.round(x.from * perX));
  if (xs.length === 1) return dot((xs[0]! - x.from) * perX, (y.to - ys[0]!) * perY, DOT_PX * scale, { width, brush });
  // What the curve covers of a column, in pixels from the top; low > high: nothing yet.
  let [column, low, high] = [-1, Infinity, -Infinity];
  const go = (to: number): void => {
    if (to === column) return;
    if (low <= high) brush(column, low, high);
    column = to;
    low = Infinity;
    high = -Infinity;
  };
  const cover = (from: number, to: number): void => {
    if (from < low) low = from;
    if (from > high) high = from;
    if (to < low) low = to;
    if (to > high) high = to;
  };
  const end = endOf(xs, x.to);
  let [beforeX, beforeY] = [Number.NaN, Number.NaN];
  for (let index = Math.max(0, startOf(xs, x.from) - 1); index < end; index++) {
    const left = (xs[index]! - x.from) * perX;
    const top = (y.to - ys[index]!) * perY;
    if (!Number.isNaN(top) && !Number.isNaN(beforeY) && left > 0) {
      const slope = left > beforeX ? (top - beforeY) / (left - beforeX) : 0;
      const at = (place: number): number => beforeY + (place - beforeX) * slope;
      const from = Math.max(0, beforeX);
      const to = Math.min(width, left);
      let reached = at(from);
      for (let next = Math.floor(from) + 1; next < to; next++) {
        go(next - 1);
        cover(reached, at(next));
        reached = at(next);
      }
      go(Math.min(width - 1, Math.max(Math.floor(from), Math.ceil(to) - 1)));
      cover(reached, to < left ? at(to) : top);
    }
    beforeX = left;
    beforeY = top;
  }
  go(-1);
}

/** A line of one point would not be seen. */
function dot(left: number, top: number, radius: number, { width, brush }: { width: number; brush: Brush }): void {
  const first = Math.max(0, Math.round(left - radius));
  const last = Math.min(width, Math.round(left + radius));
  for (let column = first; column < last; column++) brush(column, top - radius / 2, top + radius / 2);
}

/** The lowest and highest measured y of what is seen; null: there is none. */
export function reachOf(strokes: readonly Stroke[], x: Ends): { min: number; max: number } | null {
  let [min, max] = [Infinity, -Infinity];
  for (const { xs, ys } of strokes) {
    const end = endOf(xs, x.to);
    for (let index = startOf(xs, x.from); index < end && xs[index]! <= x.to; index++) {
      const y = ys[index]!;
      if (y < min) min = y;
      if (y > max) max = y;
    }
  }
  return min <= max ? { min, max } : null;
}

/** Paints a column, of which the curve itself covers what lies between two places, in pixels from the top. */
type Brush = (column: number, low: number, high: number) => void;

/** Paints with a line of the stroke's width. @param start pixels of x before the image, for dashes */
function brushOf(
  { height, pixels }: CurveImage,
  { color, alpha, width: line, dash }: Stroke,
  scale: number,
  start: number,
): Brush {
  const thick = line * scale;
  const period = dash.reduce((sum, length) => sum + length, 0) * scale;
  const isGap = (column: number): boolean => {
    let at = (((start + column) % period) + period) % period;
    for (const [index, length] of dash.entries()) {
      if (at < length * scale) return index % 2 === 1;
      at -= length * scale;
    }
    return false;
  };
  const shades = shadesOf(color);
  const whole = Math.round(alpha * OPAQUE);
  return (column, low, high) => {
    if (period > 0 && isGap(column)) return;
    // A straight line is so thick from top to bottom; where it turns within a column, no thicker than what it covers.
    const rise = high - low;
    const covers = Math.min(rise + thick, thick * Math.sqrt(rise * rise + 1));
    const top = Math.max(0, (low + high - covers) / 2);
    const bottom = Math.min(height, (low + high + covers) / 2);
    if (top >= bottom) return;
    const start = column * height;
    const first = Math.ceil(top);
    const last = Math.floor(bottom);
    if (first > last) return blend(pixels, start + last, start + first, Math.round(whole * (bottom - top)), shades);
    if (first > top) blend(pixels, start + first - 1, start + first, Math.round(whole * (first - top)), shades);
    blend(pixels, start + first, start + last, whole, shades);
    if (last < bottom) blend(pixels, start + last, start + last + 1, Math.round(whole * (bottom - last)), shades);
  };
}

/** What counts as full cover. */
const OPAQUE = 256;

/** A colour at each cover from none to full. */
function shadesOf([red, green, blue]: Rgb): Uint32Array {
  return Uint32Array.from({ length: OPAQUE + 1 }, (_, cover) => {
    const part = (value: number): number => Math.floor((value * cover) / OPAQUE);
    return part(red) | (part(green) << 8) | (part(blue) << 16) | (part(255) << 24);
  });
}

/** Lays a colour over pixels from one up to another: two bytes of a pixel are reckoned at a time, which is five times as fast. */
function blend(pixels: Uint32Array, from: number, to: number, cover: number, shades: Uint32Array): void {
  const shade = shades[cover]!;
  const rest = OPAQUE - cover;
  if (rest === 0) {
    pixels.fill(shade, from, to);
    return;
  }
  for (let at = from; at < to; at++) {
    const under = pixels[at]!;
    const even = (((under & 0xff00ff) * rest) >>> 8) & 0xff00ff;
    const odd = (((under >>> 8) & 0xff00ff) * rest) & 0xff00ff00;
    pixels[at] = (even | odd) + shade;
  }
}

/** Columns of an image as a canvas takes them: row after row, colours as they are. */
export function* rowsOf({ width, height, pixels }: CurveImage, data: Uint8ClampedArray): Generator<undefined, void> {
  for (let column = 0; column < width; column++) {
    if (column % 64 === 63) yield;
    for (let row = 0; row < height; row++) {
      const pixel = pixels[column * height + row]!;
      if (pixel === 0) continue;
      const at = (row * width + column) * 4;
      const alpha = pixel >>> 24;
      const grow = 255 / Math.max(1, alpha);
      data[at] = (pixel & 255) * grow;
      data[at + 1] = ((pixel >>> 8) & 255) * grow;
      data[at + 2] = ((pixel >>> 16) & 255) * grow;
      data[at + 3] = alpha;
    }
  }
}

/** Index of the first of rising numbers that is not below `at`. */
function startOf(xs: Float64Array, at: number): number {
  let [low, high] = [0, xs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle]! < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Index behind the first that is not below `at`: the line to it is seen. */
function endOf(xs: Float64Array, at: number): number {
  return Math.min(xs.length, startOf(xs, at) + 1);
}
