import { basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { Recipe } from '../../contract/recipe.ts';
import type { Library } from '../store/library.ts';
import { insideLibrary } from '../store/paths.ts';
import { elementCount } from '../store/safetensors-header.ts';
import { openVerifiedOnce, type SafetensorsFile } from '../store/safetensors.ts';
import { getSnapshot } from '../store/snapshots.ts';
import { readFacts, type SnapshotFacts } from './snapshot-facts.ts';

/** Numbers that are read and added up at once: 4 MB of each file, so that memory is that of the results. */
const STRETCH = 2 ** 20;

/** An open snapshot file, and how much of it goes into each recipe. */
interface Ingredient {
  readonly name: string;
  readonly file: SafetensorsFile;
  /** One a recipe; 0: it is not in it. */
  readonly coefficients: readonly number[];
}

/** Averages that are mixed from snapshot files tensor by tensor. Whoever opens it closes it. */
export interface Mix {
  /** The network; nimg and sigmaRel are one of the snapshots'. */
  readonly facts: SnapshotFacts;
  /** The official names of all tensors, parameters first. */
  readonly names: readonly string[];
  /** Shape of a tensor in the official layout. @throws {AppError} 'corrupt-file' if the first file has none */
  shape(name: string): readonly number[];
  /**
   * Mixes a tensor, in the official layout.
   *
   * @returns one array a recipe
   * @throws {AppError} 'corrupt-file' if a file lacks it or has it in another shape
   */
  read(name: string): readonly Float32Array[];
  close(): void;
}

/**
 * Opens the snapshots of one or more recipes of a run. Only one tensor of each is in memory at a time. Sums are
 * float64, because coefficients of both signs cancel, which would cost float32 sums digits; the result is rounded once.
 *
 * @param stretch how many numbers are added up at once
 * @throws {AppError} 'not-found' if a snapshot or its file is gone, 'corrupt-file'
 */
export function openMix({ db, folder }: Library, recipes: readonly Recipe[], stretch = STRETCH): Mix {
  const ids = new Set(recipes.flatMap(({ terms }) => terms.map(({ snapshotId }) => snapshotId)));
  const ingredients: Ingredient[] = [];
  const close = (): void => ingredients.forEach(({ file }) => file.close());
  try {
    for (const id of ids) {
      const { file, sha256 } = getSnapshot(db, id);
      const path = insideLibrary(folder, file);
      const coefficients = recipes.map(
        ({ terms }) => terms.find(({ snapshotId }) => snapshotId === id)?.coefficient ?? 0,
      );
      ingredients.push({ name: basename(path), file: openVerifiedOnce(path, sha256), coefficients });
    }
    const [first, ...others] = ingredients.map(({ file, name }) => readFacts(file, name));
    const other = others.findIndex((one) => networkOf(one) !== networkOf(first!));
    if (other >= 0) throw new AppError('corrupt-file', `${ingredients[other + 1]!.name} is of another network.`);
    const buffers = new Set(first!.plan.buffers.map(({ name }) => name));
    return {
      facts: first!,
      names: [...first!.plan.parameters.map(({ name }) => name), ...buffers],
      shape: (name) => ingredients[0]!.file.info(name).shape,
      read: (name) => (buffers.has(name) ? copied(ingredients, name) : mixed(ingredients, name, stretch)),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

const networkOf = ({ plan }: SnapshotFacts): string => JSON.stringify([plan.config, plan.shape]);

/** Fourier frequencies and phases are fixed, so that every snapshot has the same ones. */
function copied([first]: readonly Ingredient[], name: string): Float32Array[] {
  const data = first!.file.readFloats(name, 0, elementCount(first!.file.info(name).shape));
  return first!.coefficients.map(() => data);
}

/** Σ coefficient · average, stretch by stretch. */
function mixed(ingredients: readonly Ingredient[], name: string, stretch: number): Float32Array[] {
  const { coefficients, file } = ingredients[0]!;
  const { shape } = file.info(name);
  const other = ingredients.find((one) => one.file.info(name).shape.join() !== shape.join());
  if (other !== undefined) {
    throw new AppError('corrupt-file', `Tensor "${name}" of ${other.name} has another shape than elsewhere.`);
  }
  const count = elementCount(shape);
  const results = coefficients.map(() => new Float32Array(count));
  for (let first = 0; first < count; first += stretch) {
    const sums = mixedStretch(ingredients, name, first, Math.min(stretch, count - first));
    sums.forEach((sum, index) => results[index]!.set(sum, first));
  }
  return results;
}

/** @returns one array of `count` numbers a recipe, in float64 */
function mixedStretch(
  ingredients: readonly Ingredient[],
  name: string,
  first: number,
  count: number,
): readonly Float64Array[] {
  const sums = ingredients[0]!.coefficients.map(() => new Float64Array(count));
  for (const { file, coefficients } of ingredients) {
    const x = file.readFloats(name, first, count);
    coefficients.forEach((coefficient, index) => {
      if (coefficient === 0) return;
      const sum = sums[index]!;
      for (let i = 0; i < count; i++) sum[i]! += coefficient * x[i]!;
    });
  }
  return sums;
}
