import * as z from 'zod';
import { Id } from './common.ts';
import { AppError } from './errors.ts';
import { postHocFit } from './post-hoc.ts';
import { gammaFromSigmaRel } from './power-function.ts';
import type { TrainingConfig } from './training.ts';
import { exactImages } from './units.ts';

/** How much of one stored average goes into a reconstructed one. */
export const RecipeTerm = z.strictObject({
  snapshotId: Id,
  nimg: z.int().positive(),
  /** sigma_rel of the snapshot. */
  sigmaRel: z.number(),
  /** Negative ones are normal; those of a recipe add up to 1. */
  coefficient: z.number(),
});
export type RecipeTerm = z.infer<typeof RecipeTerm>;

/** How an average of another length is mixed from snapshots of a run. */
export const Recipe = z.strictObject({
  /** Training images of the average that is wanted. */
  nimg: z.int().positive(),
  /** Its sigma_rel. */
  sigmaRel: z.number(),
  /** Predicted error, relative to the profile that is wanted; 0: exact. See docs/post-hoc-ema.md. */
  error: z.number().nonnegative(),
  terms: z.array(RecipeTerm).min(1),
});
export type Recipe = z.infer<typeof Recipe>;

/**
 * A predicted error above this deserves a warning: the fitted profile is visibly another one than the wanted one, and
 * so is the network. With 8 evenly spaced snapshots of 0.05 and 0.10 all sigma_rel from 0.04 to 0.2 are below.
 */
export const POOR_FIT = 0.1;

/** Terms below this are left out: a thousand of them are a hundredth of what rounding to float32 costs. */
const NEGLIGIBLE = 2 ** -40;

/** Two lengths that differ by less are the same; a length is typed or read from a file. */
const SAME_LENGTH = 1e-9;

/** Snapshots as recipes need them. */
export interface StoredAverage {
  readonly id: number;
  readonly nimg: number;
  readonly sigmaRel: number;
}

/** The run whose averages are mixed. */
export interface RecipeSource {
  readonly name: string;
  readonly averaging: TrainingConfig['averaging'];
  readonly snapshots: readonly StoredAverage[];
}

/** Moments at which averages can be reconstructed: those of the snapshots, rising. */
export function reconstructionTimes(snapshots: readonly StoredAverage[]): number[] {
  return [...new Set(snapshots.map(({ nimg }) => nimg).filter((nimg) => nimg > 0))].sort((a, b) => a - b);
}

/**
 * Prepares recipes for averages at one moment of a run; later snapshots are left out. What is slow happens here, each
 * length then takes little.
 *
 * @param nimg training images; the time of one of the snapshots. null: the newest
 * @returns    the recipe for a sigma_rel; throws 'invalid-input' for one that does not exist
 * @throws {AppError} 'conflict' if the run keeps other than power-function averages; 'not-found' if it has no snapshot,
 *   or none at that moment
 */
export function recipesAt(
  { name, averaging, snapshots }: RecipeSource,
  nimg: number | null,
): (sigmaRel: number) => Recipe {
  if (averaging !== 'power') {
    throw new AppError(
      'conflict',
      `Run "${name}" keeps an exponential average (configuration A); other lengths can be reconstructed from power-function averages only.`,
    );
  }
  const moment = momentOf(name, snapshots, nimg);
  const stored = snapshots.filter((snapshot) => snapshot.nimg > 0 && snapshot.nimg <= moment);
  const fit = postHocFit(stored.map((snapshot) => ({ time: snapshot.nimg, sigmaRel: snapshot.sigmaRel })));
  return (sigmaRel) => {
    gammaFromSigmaRel(sigmaRel); // throws for a length that does not exist
    const same = stored.find((one) => one.nimg === moment && Math.abs(one.sigmaRel - sigmaRel) < SAME_LENGTH);
    if (same !== undefined) return { nimg: moment, sigmaRel, error: 0, terms: [termOf(same, 1)] };
    const { coefficients, error } = fit({ time: moment, sigmaRel });
    const terms = stored.map((one, index) => termOf(one, coefficients[index]!));
    return { nimg: moment, sigmaRel, error, terms: terms.filter((one) => Math.abs(one.coefficient) >= NEGLIGIBLE) };
  };
}

const termOf = ({ id, nimg, sigmaRel }: StoredAverage, coefficient: number): RecipeTerm => ({
  snapshotId: id,
  nimg,
  sigmaRel,
  coefficient,
});

/**
 * The moment of a snapshot.
 *
 * @param name of the run, for messages
 * @param nimg training images; null: the newest
 * @throws {AppError} 'not-found' if there is no snapshot at that moment
 */
export function momentOf(name: string, snapshots: readonly StoredAverage[], nimg: number | null): number {
  const times = reconstructionTimes(snapshots);
  const last = times.at(-1);
  if (last === undefined) {
    throw new AppError('not-found', `Run "${name}" has no snapshot yet; let it train on, or pause it to get one.`);
  }
  if (nimg === null || times.includes(nimg)) return nimg ?? last;
  if (nimg > last) {
    throw new AppError(
      'not-found',
      `Run "${name}" has no snapshot at ${exactImages(nimg)}; its last one is at ${exactImages(last)}. What comes later can't be reconstructed.`,
    );
  }
  const nearest = times.reduce((best, one) => (Math.abs(one - nimg) < Math.abs(best - nimg) ? one : best));
  throw new AppError(
    'not-found',
    `Run "${name}" has no snapshot at ${exactImages(nimg)}; averages are reconstructed at the time of one. The nearest is at ${exactImages(nearest)}.`,
  );
}
