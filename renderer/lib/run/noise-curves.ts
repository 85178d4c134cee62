import { ENOUGH_IMAGES, noiseLevels, TOGETHER } from '../../../contract/by-noise-level.ts';
import type { DynamicsKind } from '../../../contract/dynamics.ts';
import type { Cells, DynamicsTable } from '../../../contract/dynamics-table.ts';
import type { NoiseAdvice } from '../../../contract/noise-advice.ts';
import { noiseDensity, type NoiseDensity } from '../../../contract/noise-density.ts';
import { SIGMA_BIN_WIDTH, SIGMA_BINS, sigmaOfBin } from '../../../contract/noise-levels.ts';
import type { ColorScale } from '../charts/color-map.ts';
import { nearest, type Series } from '../charts/series.ts';
import { images, number } from '../format.ts';

/** What the Noise levels tab draws over σ, from what a run recorded by noise level. */

/** Middles of the bins. */
export const sigmas: readonly number[] = Array.from({ length: SIGMA_BINS }, (_, bin) => sigmaOfBin(bin));

/** Points a bin of a drawn density. */
const FINE = 5;

export type Tables = Partial<Record<DynamicsKind, DynamicsTable>>;
type Drawn = Pick<Series, 'id' | 'label' | 'token' | 'dash'>;

/** A density as it is said to be, in percent of the images a bin. */
export function densityCurve(density: NoiseDensity, drawn: Drawn): Series {
  const xs = Array.from({ length: (SIGMA_BINS - 1) * FINE + 1 }, (_, point) => sigmaOfBin(point / FINE));
  const ys = xs.map((sigma) => 100 * SIGMA_BIN_WIDTH * noiseDensity(density, Math.log(sigma)));
  return { ...drawn, xs, ys };
}

/** The noise levels that training drew up to a moment, in percent of the images. */
export function sampledSteps(tables: Tables, column: number, drawn: Drawn): Series {
  const levels = noiseLevels((kind) => tables[kind], 0, column + 1);
  const all = levels.reduce((sum, level) => sum + level.images, 0);
  return {
    ...drawn,
    steps: true,
    xs: levels.map(({ sigma }) => sigma),
    ys: levels.map((level) => (all === 0 ? null : (100 * level.images) / all)),
  };
}

/** How far the loss has fallen, each noise level's part of the whole, in percent: what the advice goes by. */
export function fallenSteps({ fallen }: NoiseAdvice, drawn: Drawn): Series {
  const whole = fallen.reduce((sum, { value }) => sum + (value ?? 0), 0);
  return {
    ...drawn,
    steps: true,
    xs: fallen.map(({ sigma }) => sigma),
    ys: fallen.map(({ value }) => (value === null || whole === 0 ? null : (100 * value) / whole)),
  };
}

/**
 * A kind's numbers where each moment stands for as many before it as give a noise level enough images, up to ten: a single
 * moment of a small run has few. null where no image got the noise level in all of them.
 */
export function steadied(table: DynamicsTable, counts: DynamicsTable): Cells {
  return table.values.map((line, row) => line.map((_, column) => steadiedCell(table, counts, row, column)));
}

/** The same of one moment: a number a noise level. */
export function steadiedColumn(table: DynamicsTable, counts: DynamicsTable, column: number): (number | null)[] {
  return table.layers.map((_, row) => steadiedCell(table, counts, row, column));
}

function steadiedCell(table: DynamicsTable, counts: DynamicsTable, row: number, column: number): number | null {
  let [sum, seen] = [0, 0];
  for (let at = column; at > column - TOGETHER && at >= 0 && seen < ENOUGH_IMAGES; at--) {
    const value = table.values[row]?.[at] ?? null;
    const count = counts.values[row]?.[at] ?? 0;
    if (value === null) continue;
    sum += value * count;
    seen += count;
  }
  return seen === 0 ? null : sum / seen;
}

/** The range of a scale that leaves out the lowest and the highest 2 %: a wild cell costs no colours. */
export function usualRange(values: Cells): { min: number; max: number } {
  const known = values
    .flat()
    .filter((value) => value !== null)
    .sort((a, b) => a - b);
  const at = (share: number): number | undefined => known[Math.round(share * (known.length - 1))];
  return { min: at(0.02) ?? 0, max: at(0.98) ?? 1 };
}

/** A column of a table as a curve over σ. */
export function columnCurve(values: Cells, column: number, drawn: Drawn): Series {
  return { ...drawn, xs: sigmas, ys: values.map((line) => line[column] ?? null) };
}

/** The same with each number changed. */
export const changed = (values: Cells, change: (value: number) => number): Cells =>
  values.map((line) => line.map((value) => (value === null ? null : change(value))));

/**
 * Paints noise levels across and time downwards, a pixel a noise level. A row of pixels shows the moment nearest to it; what
 * has no number stays clear.
 *
 * @param end training images at the foot
 * @returns RGBA, noise levels × `height`
 */
export function paintLevels(
  { nimg, values }: Pick<DynamicsTable, 'nimg' | 'values'>,
  height: number,
  end: number,
  scale: ColorScale,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(values.length * height * 4);
  for (let y = 0; y < height; y++) {
    const column = nearest(nimg, ((y + 0.5) / height) * end);
    for (const [level, line] of values.entries()) {
      const value = line[column] ?? null;
      if (value !== null) pixels.set([...scale.color(value), 255], (y * values.length + level) * 4);
    }
  }
  return pixels;
}

/** What the error must have lost to count as falling. */
const FALLING = 0.05;

/** At which noise levels the error fell from one moment to another, in a sentence; '' where there is too little to tell. */
export function fallWords(tables: Tables, from: number, to: number): string {
  const nimg = tables['noise-count']?.nimg;
  if (nimg?.[from] === undefined || nimg[to] === undefined) return '';
  const together = Math.max(TOGETHER, Math.ceil((to + 1) / 4));
  const until = (column: number) => noiseLevels((kind) => tables[kind], column + 1 - together, column + 1);
  const [before, now] = [until(from), until(to)];
  const falls = now.flatMap(({ sigma, images: seen, error }, bin) => {
    const then = before[bin]!;
    const known = Math.min(seen, then.images) >= ENOUGH_IMAGES && error !== null && then.error !== null;
    return known ? [{ sigma, part: 1 - error / then.error }] : [];
  });
  if (falls.length === 0) return '';
  const most = falls.reduce((best, { part }, index) => (part > falls[best]!.part ? index : best), 0);
  const since = `From ${images(nimg[from])} to ${images(nimg[to])} the error`;
  if (falls[most]!.part < FALLING) return `${since} fell nowhere by ${FALLING * 100} % or more.`;
  let [first, last] = [most, most];
  while ((falls[first - 1]?.part ?? 0) >= FALLING) first--;
  while ((falls[last + 1]?.part ?? 0) >= FALLING) last++;
  const sigma = (index: number): string => number(falls[index]!.sigma);
  const around = first === last ? '' : `, and by ${FALLING * 100} % or more from σ ${sigma(first)} to ${sigma(last)}`;
  return `${since} fell most at σ ${sigma(most)}, by ${Math.round(falls[most]!.part * 100)} %${around}.`;
}
