import { basename } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import type { Recipe } from '../../contract/recipe.ts';
import type { Library } from '../store/library.ts';
import { insideLibrary } from '../store/paths.ts';
import { openSafetensors, type SafetensorsFile } from '../store/safetensors.ts';
import { getSnapshot } from '../store/snapshots.ts';
import { readFacts, type SnapshotFacts } from './snapshot-facts.ts';

/** An open snapshot file, and how much of it goes into each recipe. */
interface Ingredient {
  readonly name: string;
  readonly file: SafetensorsFile;
  /** One a recipe; 0: it is not in it. */
  readonly coefficients: readonly number[];
}

/** Averages that are mixed from snapshot files tensor by tensor. Whoever opens it closes it. */
export interface Mix {
  /** The network; nimg and emaStd are one of the snapshots'. */
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
 * Opens the snapshots of one or more recipes of a run. Only one tensor is in memory at a time, in float64 for each
 * recipe: coefficients of both signs cancel, which would cost float32 sums digits; the result is rounded once.
 *
 * @throws {AppError} 'not-found' if a snapshot or its file is gone, 'corrupt-file'
 */
export function openMix({ db, folder }: Library, recipes: readonly Recipe[]): Mix {
  const ids = new Set(recipes.flatMap(({ terms }) => terms.map(({ snapshotId }) => snapshotId)));
  const ingredients: Ingredient[] = [];
  const close = (): void => ingredients.forEach(({ file }) => file.close());
  try {
    for (const id of ids) {
      const path = insideLibrary(folder, getSnapshot(db, id).file);
      const coefficients = recipes.map(
        ({ terms }) => terms.find(({ snapshotId }) => snapshotId === id)?.coefficient ?? 0,
      );
      ingredients.push({ name: basename(path), file: openSafetensors(path), coefficients });
    }
    const [first, ...others] = ingredients.map(({ file, name }) => readFacts(file, name));
    const network = JSON.stringify(first!.plan.config);
    const other = others.findIndex(({ plan }) => JSON.stringify(plan.config) !== network);
    if (other >= 0) throw new AppError('corrupt-file', `${ingredients[other + 1]!.name} is of another network.`);
    const buffers = new Set(first!.plan.buffers.map(({ name }) => name));
    return {
      facts: first!,
      names: [...first!.plan.parameters.map(({ name }) => name), ...buffers],
      shape: (name) => ingredients[0]!.file.info(name).shape,
      read: (name) => (buffers.has(name) ? copied(ingredients, name) : mixed(ingredients, name)),
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Fourier frequencies and phases are fixed, so that every snapshot has the same ones. */
function copied([first]: readonly Ingredient[], name: string): Float32Array[] {
  const data = floats(first!, name);
  return first!.coefficients.map(() => data);
}

/** Σ coefficient · average. */
function mixed(ingredients: readonly Ingredient[], name: string): Float32Array[] {
  const { shape } = ingredients[0]!.file.info(name);
  let sums: Float64Array[] | null = null;
  for (const ingredient of ingredients) {
    const x = floats(ingredient, name);
    if (ingredient.file.info(name).shape.join() !== shape.join()) {
      throw new AppError('corrupt-file', `Tensor "${name}" of ${ingredient.name} has another shape than elsewhere.`);
    }
    sums ??= ingredient.coefficients.map(() => new Float64Array(x.length));
    ingredient.coefficients.forEach((coefficient, index) => {
      if (coefficient === 0) return;
      const sum = sums![index]!;
      for (let i = 0; i < x.length; i++) sum[i]! += coefficient * x[i]!;
    });
  }
  return sums!.map((sum) => Float32Array.from(sum));
}

function floats({ file, name: fileName }: Ingredient, name: string): Float32Array {
  const data = file.read(name);
  if (data instanceof Float32Array) return data;
  throw new AppError('corrupt-file', `Tensor "${name}" of ${fileName} holds no floats.`);
}
