import type { ModelRef } from '../../contract/models.ts';
import { momentOf, recipesAt } from '../../contract/recipe.ts';
import { listReconstructions } from '../../contract/reconstructions.ts';
import { getRun, listRuns, runSnapshots, type Run } from '../../contract/runs.ts';
import type { ServiceClient } from '../client/service-client.ts';
import { findRun } from './arguments.ts';

/** An average of a run, as it is asked of the service and in words. */
export interface ChosenModel {
  readonly run: Run;
  readonly model: ModelRef;
  readonly nimg: number;
  readonly sigmaRel: number;
  /** Predicted error of a reconstruction; null: the average is stored. */
  readonly error: number | null;
}

/** What of an average is said on the command line. */
export interface WantedModel {
  /** Name or id of the run. */
  readonly run: string;
  /** Training images; null: the newest. */
  readonly nimg: number | null;
  /** sigma_rel; null: the longest that is stored. */
  readonly sigmaRel: number | null;
}

/**
 * The average that was asked for. One that is not stored is taken from the kept reconstructions, else reconstructed.
 *
 * @throws {AppError} 'not-found' for a run or a moment that there isn't, 'conflict' or 'invalid-input' for an average that
 *   can't be reconstructed
 */
export async function chooseModel(client: ServiceClient, wanted: WantedModel): Promise<ChosenModel> {
  const { id } = findRun(wanted.run, await client.call(listRuns, { trashed: false }));
  const run = await client.call(getRun, { id });
  const { snapshots } = await client.call(runSnapshots, { id });
  const nimg = momentOf(run.name, snapshots, wanted.nimg);
  const stored = snapshots.filter((one) => one.nimg === nimg);
  const sigmaRel = wanted.sigmaRel ?? Math.max(...stored.map((one) => one.sigmaRel));
  const isWanted = (one: { nimg: number; sigmaRel: number }): boolean =>
    one.nimg === nimg && Math.abs(one.sigmaRel - sigmaRel) < 1e-9;
  const found = stored.find(isWanted);
  if (found !== undefined)
    return { run, model: { kind: 'snapshot', snapshotId: found.id }, nimg, sigmaRel, error: null };
  const kept = (await client.call(listReconstructions, { runId: id })).find(isWanted);
  if (kept !== undefined) {
    const model = { kind: 'reconstruction', reconstructionId: kept.id } as const;
    return { run, model, nimg, sigmaRel, error: kept.error };
  }
  const { averaging } = run.config.training;
  const { error } = recipesAt({ name: run.name, averaging, snapshots }, nimg)(sigmaRel);
  return { run, model: { kind: 'recipe', runId: id, nimg, sigmaRel }, nimg, sigmaRel, error };
}
