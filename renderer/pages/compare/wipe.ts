import type { Sample } from '../../../contract/samples.ts';
import { lastAt } from '../../lib/charts/series.ts';
import { toId } from '../../lib/address-parts.ts';

/** Two grids of pictures, one over the other: which, how large, and whether their pictures are the same ones. */

/** A grid of a run. */
export interface WipeSide {
  readonly run: number;
  /** Training images at which it was drawn; null: the newest at the clock. */
  readonly nimg: number | null;
}

export interface Wipe {
  readonly left: WipeSide;
  readonly right: WipeSide;
}

/** Reads "4,7", or "7:1600,7" where one has a moment of its own; null: it is none. */
export function readWipe(text: string): Wipe | null {
  const [left, right, ...rest] = text.split(',').map(readSide);
  return left && right && rest.length === 0 ? { left, right } : null;
}

function readSide(text: string): WipeSide | null {
  const [id, nimg, ...rest] = text.split(':');
  const run = toId(id);
  const isMoment = nimg === undefined || /^\d{1,15}$/.test(nimg);
  return run === null || !isMoment || rest.length > 0 ? null : { run, nimg: nimg === undefined ? null : Number(nimg) };
}

/** The inverse of `readWipe`. */
export function wipeText({ left, right }: Wipe): string {
  return [left, right].map(({ run, nimg }) => (nimg === null ? run : `${run}:${nimg}`)).join(',');
}

/** Where nothing is chosen: the first two runs; of a single run its first grid beside its newest. */
export function usualWipe(runs: readonly { readonly id: number; readonly samples: readonly Sample[] }[]): Wipe | null {
  const [first, second] = runs;
  if (first === undefined) return null;
  if (second !== undefined) return { left: { run: first.id, nimg: null }, right: { run: second.id, nimg: null } };
  return { left: { run: first.id, nimg: first.samples[0]?.nimg ?? 0 }, right: { run: first.id, nimg: null } };
}

/** The newest grid up to a moment; null: there is none yet. @param samples oldest first */
export function gridAt(samples: readonly Sample[], nimg: number): Sample | null {
  const index = lastAt(
    samples.map((sample) => sample.nimg),
    nimg,
  );
  return samples[index] ?? null;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Pixels of a grid as it was drawn. */
export function gridSize({ columns, resolution, seeds }: Sample): Size {
  return { width: columns * resolution, height: Math.ceil(seeds.length / columns) * resolution };
}

/** Times that a grid is enlarged to lie over another: whole, so that its pixels stay square. */
export function enlargement(grid: Size, largest: Size): number {
  return Math.max(1, Math.floor(Math.min(largest.width / grid.width, largest.height / grid.height)));
}

/** What two grids do not share, in sentences. */
export function unlikeWords(left: { name: string; sample: Sample }, right: { name: string; sample: Sample }): string[] {
  const [one, other] = [left.sample, right.sample];
  const same = (a: readonly unknown[], b: readonly unknown[]): boolean =>
    a.length === b.length && a.every((value, index) => value === b[index]);
  const words: string[] = [];
  const [size, otherSize] = [gridSize(one), gridSize(other)];
  if (one.columns !== other.columns || one.resolution !== other.resolution || size.height !== otherSize.height) {
    const largest = largerOf(size, otherSize);
    const shape = ({ name, sample }: { name: string; sample: Sample }): string => {
      const times = enlargement(gridSize(sample), largest);
      const rows = Math.ceil(sample.seeds.length / sample.columns);
      return `${name} has ${sample.columns} × ${rows} pictures of ${sample.resolution} px${times > 1 ? `, drawn ${times} times as large` : ''}`;
    };
    words.push(`${shape(left)}; ${shape(right)}.`);
  }
  if (!same(one.seeds, other.seeds) || !same(one.labels, other.labels))
    words.push('Their seeds or classes differ: pictures that lie over each other are not of the same noise.');
  return words;
}

/** The size that holds both. */
export function largerOf(one: Size, other: Size): Size {
  return { width: Math.max(one.width, other.width), height: Math.max(one.height, other.height) };
}
