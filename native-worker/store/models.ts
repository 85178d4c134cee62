import type { Database } from 'better-sqlite3';
import type { ModelRef } from '../../contract/models.ts';
import { recipesAt, type Recipe, type RecipeSource } from '../../contract/recipe.ts';
import { checkCounts } from './history.ts';
import { getReconstruction } from './reconstructions.ts';
import { getRun } from './runs.ts';
import { getSnapshot, listSnapshots } from './snapshots.ts';

/** What a model reference stands for: whose network it is, and where its numbers come from. */
export interface FoundModel {
  readonly runId: number;
  readonly nimg: number;
  /** sigma_rel of the average. */
  readonly sigmaRel: number;
  /** A file with the whole network (relative to the library) and its hash, or what to mix it from. */
  readonly source: { readonly file: string; readonly sha256: string } | { readonly recipe: Recipe };
}

/**
 * Looks a model up, without reading any tensor.
 *
 * @throws {AppError} 'not-found'; 'conflict' for an average that its run has undone; 'conflict' or 'invalid-input' for a
 *   recipe that can't be made
 */
export function findModel(db: Database, ref: ModelRef): FoundModel {
  switch (ref.kind) {
    case 'snapshot': {
      const { runId, nimg, sigmaRel, file, sha256 } = getSnapshot(db, ref.snapshotId);
      checkCounts(db, 'snapshots', ref.snapshotId);
      return { runId, nimg, sigmaRel, source: { file, sha256 } };
    }
    case 'reconstruction': {
      const { runId, nimg, sigmaRel, file, sha256 } = getReconstruction(db, ref.reconstructionId);
      checkCounts(db, 'reconstructions', ref.reconstructionId);
      return { runId, nimg, sigmaRel, source: { file, sha256 } };
    }
    case 'recipe': {
      const { runId, nimg, sigmaRel } = ref;
      const recipe = recipesAt(recipeSource(db, runId), nimg)(sigmaRel);
      return { runId, nimg, sigmaRel, source: { recipe } };
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
