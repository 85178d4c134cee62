import type { Cells, DynamicsSpan } from '../../../contract/dynamics-table.ts';
import { steady } from '../format.ts';
import type { ColorScale, Rgb } from './color-map.ts';
import { extremeOf } from './extremes.ts';
import { lastAt, nearest } from './series.ts';
import type { TimeRange } from './time-range.ts';

/** A layer × time table; null where the value was not finite, or nothing was measured. */
export interface HeatTable {
  /** Where each column is, in what the map's x counts: training images, in most. */
  readonly nimg: readonly number[];
  /** An empty line is a row that is not there, and stays clear. */
  readonly values: Cells;
  readonly span?: DynamicsSpan;
}

/** How cells without a number are drawn. */
export interface Hatch {
  readonly colors: readonly [Rgb, Rgb];
  /** Nothing is wrong with them: one hides none that has a number and shares its pixel. */
  readonly quiet: boolean;
}

/** A table with the colour of each cell: made once, painted at every turn of a wheel. */
export interface HeatCells extends HeatTable {
  readonly scale: ColorScale;
  readonly hatch: Hatch;
  /** RGBA as one little-endian number, row after row; 0: without a number. */
  readonly colors: Uint32Array;
}

/** Opaque. */
const ALPHA = 255 << 24;
const packed = ([red, green, blue]: Rgb): number => (ALPHA | (blue << 16) | (green << 8) | red) >>> 0;

export function heatCells(table: HeatTable, scale: ColorScale, hatch: Hatch): HeatCells {
  const columns = table.nimg.length;
  const colors = new Uint32Array(table.values.length * columns);
  for (const [row, line] of table.values.entries()) {
    for (let column = 0; column < columns; column++) {
      const value = line[column] ?? null;
      if (value !== null) colors[row * columns + column] = packed(scale.color(value));
    }
  }
  return { ...table, scale, hatch, colors };
}

/**
 * Paints the table, one pixel high per row, `width` pixels wide. A column of pixels shows the moment nearest to it, so
 * that unevenly spaced moments stand where they belong; of several that lie in it the most extreme. Values that are not
 * finite are hatched.
 *
 * @param range training images at the left and the right edge
 * @returns RGBA, `width` × rows
 */
export function paintHeat(cells: HeatCells, width: number, range: TimeRange): Uint8ClampedArray<ArrayBuffer> {
  const { nimg, values, colors, scale } = cells;
  const { quiet } = cells.hatch;
  const hatch = cells.hatch.colors.map(packed);
  const pixels = new Uint32Array(width * values.length);
  const places = columnsOf(nimg, width, range);
  for (const [row, line] of values.entries()) {
    if (line.length === 0) continue;
    for (let x = 0; x < width; x++) {
      const [first, last] = [places[2 * x]!, places[2 * x + 1]!];
      if (last < 0) continue;
      let color = colors[row * nimg.length + first]!;
      if (first < last) {
        const value = extremeOf(line, first, last, quiet);
        color = value === null ? 0 : packed(scale.color(value));
      }
      pixels[row * width + x] = color === 0 ? hatch[((x >> 2) + row) & 1]! : color;
    }
  }
  return new Uint8ClampedArray(pixels.buffer);
}

/** First and last column of each pixel, two numbers a pixel; −1: nothing is there. */
function columnsOf(nimg: readonly number[], width: number, { from: left, to: right }: TimeRange): Int32Array {
  const places = new Int32Array(2 * width).fill(-1);
  const nimgAt = (x: number): number => left + (x / width) * (right - left);
  const newest = (nimg.at(-1) ?? 0) * 1.001 + (right - left) / width;
  for (let x = 0; x < width && nimg.length > 0; x++) {
    if (nimgAt(x + 0.5) > newest) break;
    const [from, to] = [nimgAt(x), nimgAt(x + 1)];
    const [before, last] = [lastAt(nimg, from), lastAt(nimg, to)];
    const first = x === 0 && nimg[before] === from ? before : before + 1;
    const only = nearest(nimg, (from + to) / 2);
    places.set(last > first ? [first, last] : [only, only], 2 * x);
  }
  return places;
}

/** Rows that belong together, by the part of the network in their names. */
export interface LayerGroup {
  readonly label: string;
  readonly first: number;
  readonly count: number;
}

/** Neighbours with the same group. */
export function layerGroups(layers: readonly string[]): LayerGroup[] {
  const groups: { label: string; first: number; count: number }[] = [];
  layers.forEach((name, row) => {
    const label = groupOf(name);
    const current = groups.at(-1);
    if (current?.label === label) current.count++;
    else groups.push({ label, first: row, count: 1 });
  });
  return groups;
}

/**
 * "unet.enc.32x32_block0.conv_res0", and the bucket "Enc 32×32" → "Enc 32"; a noise level → its power of ten, "σ 0.01" to
 * below 0.1; all else is "Other".
 */
function groupOf(name: string): string {
  const sigma = Number(name);
  if (sigma > 0) return `σ ${Number((10 ** Math.floor(Math.log10(sigma))).toPrecision(1))}`;
  const stage = stageOf(name);
  return stage === null ? 'Other' : `${stage.part} ${stage.resolution}`;
}

/** The part of the network in a row's name; null: it is in neither. */
export function stageOf(name: string): { readonly part: 'Enc' | 'Dec'; readonly resolution: number } | null {
  const match = /\b(enc|dec)[. ](\d+)[x×]\d+/i.exec(name);
  if (match === null) return null;
  return { part: match[1]!.toLowerCase() === 'enc' ? 'Enc' : 'Dec', resolution: Number(match[2]!) };
}

/** A layer's name without what all names share: "enc.32x32_block0.conv_res0". */
export function shortLayer(name: string): string {
  return name.replace(/^unet\./, '').replace(/\.weight$/, '');
}

/** What has become of the pinned layers: "enc.32x32_conv is pinned"; '' where nothing has. */
export function pinWords(before: readonly string[], now: readonly string[]): string {
  const said = (layers: readonly string[], what: string): string[] =>
    layers.length === 0
      ? []
      : [layers.length === 1 ? `${shortLayer(layers[0]!)} is ${what}` : `${layers.length} layers are ${what}`];
  const gone = before.filter((layer) => !now.includes(layer));
  const come = now.filter((layer) => !before.includes(layer));
  return [...said(gone, 'unpinned'), ...said(come, 'pinned')].join(', ');
}

/** What a cell of several ticks holds: "between 0.9 and 3.2 in 12 ticks"; null: it is one tick. */
export function spanWords(span: DynamicsSpan, row: number, column: number, missing: string): string | null {
  const ticks = span.ticks[column] ?? 1;
  if (ticks === 1) return null;
  const [low, high] = [span.low[row]?.[column] ?? null, span.high[row]?.[column] ?? null];
  if (low === null) return `${missing} in ${ticks} ticks`;
  if (high === null) return `${missing} at times in ${ticks} ticks, else from ${steady(low)}`;
  return `between ${steady(low)} and ${steady(high)} in ${ticks} ticks`;
}
