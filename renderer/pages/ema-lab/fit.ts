import { mixedDensity, profileDensity, type Profile } from '../../../contract/post-hoc.ts';
import { POOR_FIT, type Recipe } from '../../../contract/recipe.ts';
import { count, emaLength, images, number } from '../../lib/format.ts';

/** Up to this predicted error a reconstruction can't be told from an average that was kept while training. */
const FAITHFUL = 0.01;

/** How far a fit can be trusted: a tone for its mark, and the words. */
export function verdict(error: number): { tone: 'good' | 'warn' | 'bad'; words: string } {
  if (error <= FAITHFUL) return { tone: 'good', words: 'as good as tracked in training' };
  if (error <= POOR_FIT) return { tone: 'warn', words: 'close' };
  return { tone: 'bad', words: 'a poor fit' };
}

/** A predicted error in percent: 0 %, 0.034 %, 12.5 %. Rounding of the solver counts as 0. */
export function errorText(error: number): string {
  return error < 1e-6 ? '0 %' : `${number(error * 100, error < 1e-3 ? 2 : 3)} %`;
}

/** A curve as points of x in training images and y as weight relative to the uniform average's. */
export type Curve = readonly { readonly x: number; readonly y: number }[];

/** The profiles as curves over training; y is density × T, which is 1 everywhere for the uniform average. */
export interface Curves {
  readonly stored: readonly Curve[];
  readonly target: Curve;
  readonly fit: Curve;
  /** Top of the y axis: the target and the fit are in sight; stored profiles may be cut off. */
  readonly top: number;
  /** Bottom of the y axis: 0, or less where the fit has negative weights. */
  readonly bottom: number;
  /** Distance of the axis's ticks; top and bottom are multiples of it. */
  readonly step: number;
}

/** Points of a smooth curve; more can't be told apart on a screen. */
const POINTS = 160;

/**
 * Computes the curves of a recipe. The fit jumps where a stored average ends: it has a point on either side there.
 *
 * @param stored all stored averages up to the recipe's moment
 */
export function curvesOf(recipe: Recipe, stored: readonly Profile[]): Curves {
  const end = recipe.nimg;
  const used = recipe.terms.map(({ nimg, sigmaRel }): Profile => ({ time: nimg, sigmaRel }));
  const grid = Array.from({ length: POINTS + 1 }, (_, index) => (end * index) / POINTS);
  const curve = (density: (time: number) => number, times: readonly number[]): Curve =>
    times.map((x) => ({ x, y: density(x) * end }));
  const ends = [...new Set(used.map(({ time }) => time))].filter((time) => time < end);
  const beside = ends.flatMap((time) => [time, time * (1 + 1e-9)]);
  const times = [...grid, ...beside].sort((a, b) => a - b);
  const mixed = mixedDensity(
    used,
    recipe.terms.map(({ coefficient }) => coefficient),
  );
  const fit = curve(mixed, times);
  const target = curve(profileDensity({ time: end, sigmaRel: recipe.sigmaRel }), grid);
  const heights = [...fit, ...target].map(({ y }) => y);
  const [highest, lowest] = [Math.max(...heights), Math.min(...heights)];
  const step = roundStep(highest / 4);
  return {
    stored: stored.map((profile) => {
      const own = grid.map((time) => (time * profile.time) / end);
      return curve(profileDensity(profile), own);
    }),
    target,
    fit,
    top: Math.ceil(highest / step) * step,
    bottom: lowest < -0.01 * highest ? Math.floor(lowest / step) * step : 0,
    step,
  };
}

/** The smallest of 1, 2, 5, 10 … times a power of ten that is not below `value`. */
function roundStep(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * unit).find((step) => step >= value * (1 - 1e-9))!;
}

/** The picture in words: what is wanted, of what it is made, how well that works. */
export function summary(recipe: Recipe): string {
  const { terms, error } = recipe;
  const heaviest = terms.reduce((best, term) =>
    Math.abs(term.coefficient) > Math.abs(best.coefficient) ? term : best,
  );
  return [
    `Wanted: the average of ${emaLength(recipe.sigmaRel)} at ${images(recipe.nimg)}.`,
    terms.length === 1
      ? `It is stored.`
      : `It is mixed from ${count(terms.length)} stored averages; the heaviest is ${emaLength(heaviest.sigmaRel)} at ${images(heaviest.nimg)} with factor ${number(heaviest.coefficient)}.`,
    `Predicted error ${errorText(error)}: ${verdict(error).words}.`,
  ].join(' ');
}
