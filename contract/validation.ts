import { emaLength } from './units.ts';

/**
 * Validation: pictures that training never sees, measured now and then with always the same noise, beside as many that it
 * does see. docs/validation.md.
 */

/** Fewest and most pictures that are held out, where a tenth of the dataset allows it. */
const FEWEST = 64;
const MOST = 2048;

/**
 * How many pictures a run that validates holds out: 1 %, at least 64 and at most 2,048, but never more than a tenth.
 *
 * @param count pictures of the dataset
 */
export function heldOutCount(count: number): number {
  return Math.min(Math.floor(count / 10), MOST, Math.max(FEWEST, Math.round(count / 100)));
}

/** Noise levels of validation, ln σ ~ N(mean, std²): the same for all runs, whatever they train with, so that they compare. */
export const VALIDATION_NOISE = { pMean: -0.8, pStd: 1.6 } as const;

/** Pictures on which activations of the average are measured with each grid. */
export const PROBE_PICTURES = 128;

/** Evaluating the network on a picture takes about this part of a training step on it. */
const OF_A_STEP = 1 / 3;

/**
 * What validation adds to the time of training, as a share of it: the raw network and each average see each picture that is
 * held out, and as many that aren't.
 *
 * @param count     pictures of the dataset
 * @param averages  that the run keeps
 * @param every     training images between two validations; 0: never
 */
export function validationCost(count: number, averages: number, every: number): number {
  return every === 0 ? 0 : (2 * heldOutCount(count) * (1 + averages) * OF_A_STEP) / every;
}

/** One row of what validation records: a network and the pictures that it saw. */
export interface ValidationRow {
  readonly name: string;
  /** Length of the average; null: the raw network. */
  readonly sigmaRel: number | null;
  readonly pictures: 'held out' | 'trained on';
}

/** The rows in the order in which they are recorded: each network on the pictures that are held out, then on the others. */
export function validationRows(sigmaRels: readonly number[]): ValidationRow[] {
  const networks = [null, ...sigmaRels];
  return (['held out', 'trained on'] as const).flatMap((pictures) =>
    networks.map((sigmaRel): ValidationRow => ({ name: `${networkName(sigmaRel)}: ${pictures}`, sigmaRel, pictures })),
  );
}

/** "raw", "σ_rel 0.05". */
export function networkName(sigmaRel: number | null): string {
  return sigmaRel === null ? 'raw' : emaLength(sigmaRel);
}
