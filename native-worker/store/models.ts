import type { Database } from 'better-sqlite3';
import type { ModelRef } from '../../contract/models.ts';
import { recipesAt, type Recipe, type RecipeSource } from '../../contract/recipe.ts';
import { getReconstruction } from './reconstructions.ts';
import { getRun } from './runs.ts';
import { getSnapshot, listSnapshots } from './snapshots.ts';

/** What a model reference stands for: whose network it is, and where its numbers come from. */
export interface FoundModel {
  readonly runId: number;
  readonly nimg: number;
  /** sigma_rel of the average. */
  readonly emaStd: number;
  /** A file with the whole network (relative to the library), or what to mix it from. */
  readonly source: { readonly file: string } | { readonly recipe: Recipe };
}

/**
 * Looks a model up, without reading any tensor.
 *
 * @throws {AppError} 'not-found'; 'conflict' or 'invalid-input' for a recipe that can't be made
 */
export function findModel(db: Database, ref: ModelRef): FoundModel {
  switch (ref.kind) {
    case 'snapshot': {
      const { runId, nimg, emaStd, file } = getSnapshot(db, ref.snapshotId);
      return { runId, nimg, emaStd, source: { file } };
    }
    case 'reconstruction': {
      const { runId, nimg, emaStd, file } = getReconstruction(db, ref.reconstructionId);
      return { runId, nimg, emaStd, source: { file } };
    }
    case 'recipe': {
      const { runId, nimg, emaStd } = ref;
      const recipe = recipesAt(recipeSource(db, runId), nimg)(emaStd);
      return { runId, nimg, emaStd, source: { recipe } };
    }
    default:
      return ref satisfies never;
  }
}

/** The averages of a run, for recipes. @throws {AppError} 'not-found' */
export function recipeSource(db: Database, runId: number): RecipeSource {
  const { name, config } = getRun(db, runId);
  return { name, averaging: config.training.averaging, snapshots: listSnapshots(db, runId) };
}
