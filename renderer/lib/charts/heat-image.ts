import type { Cells, DynamicsSpan } from '../../../contract/dynamics-table.ts';
import { steady } from '../format.ts';
import type { ColorScale, Rgb } from './color-map.ts';
import { extremeOf } from './extremes.ts';
import { lastAt, nearest } from './series.ts';
import type { TimeRange } from './time-range.ts';

/** A layer × time table; null where the value was not finite, or nothing was measured. */
export interface HeatTable {
  readonly nimg: readonly number[];
  readonly values: Cells;
  readonly span?: DynamicsSpan;
}

/** How cells without a number are drawn. */
export interface Hatch {
  readonly colors: readonly [Rgb, Rgb];
  /** Nothing is wrong with them: one hides none that has a number and shares its pixel. */
  readonly quiet: boolean;
}

/**
 * Paints the table, one pixel high per row, `width` pixels wide. A column of pixels shows the moment nearest to it, so
 * that unevenly spaced moments stand where they belong; of several that lie in it the most extreme. Values that are not
 * finite are hatched.
 *
 * @param range training images at the left and the right edge
 * @returns RGBA, `width` × rows
 */
export function paintHeat(
  table: HeatTable,
  width: number,
  { from: left, to: right }: TimeRange,
  scale: ColorScale,
  hatch: Hatch,
): Uint8ClampedArray<ArrayBuffer> {
  const rows = table.values.length;
  const pixels = new Uint8ClampedArray(width * rows * 4);
  const nimgAt = (x: number): number => left + (x / width) * (right - left);
  const columns = Array.from({ length: width }, (_, x): [number, number] => {
    const [from, to] = [nimgAt(x), nimgAt(x + 1)];
    const [before, last] = [lastAt(table.nimg, from), lastAt(table.nimg, to)];
    const first = x === 0 && table.nimg[before] === from ? before : before + 1;
    const only = nearest(table.nimg, (from + to) / 2);
    return last > first ? [first, last] : [only, only];
  });
  const newest = table.nimg.at(-1) ?? 0;
  for (let row = 0; row < rows; row++) {
    const line = table.values[row]!;
    for (let x = 0; x < width; x++) {
      const [first, last] = columns[x]!;
      if (last < 0 || nimgAt(x + 0.5) > newest * 1.001 + (right - left) / width) continue;
      const value = first === last ? (line[first] ?? null) : extremeOf(line, first, last, hatch.quiet);
      const [red, green, blue] = value === null ? hatch.colors[((x >> 2) + row) & 1]! : scale.color(value);
      const at = (row * width + x) * 4;
      pixels[at] = red;
      pixels[at + 1] = green;
      pixels[at + 2] = blue;
      pixels[at + 3] = 255;
    }
  }
  return pixels;
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
  const match = /\b(enc|dec)[. ](\d+)[x×]\d+/i.exec(name);
  if (match === null) return 'Other';
  return `${match[1]!.toLowerCase() === 'enc' ? 'Enc' : 'Dec'} ${match[2]!}`;
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
