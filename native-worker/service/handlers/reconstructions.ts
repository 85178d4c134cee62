import { closeSync } from 'node:fs';
import { AppError } from '../../../contract/errors.ts';
import { recipesAt } from '../../../contract/recipe.ts';
import * as calls from '../../../contract/reconstructions.ts';
import { emaLength, exactImages, images } from '../../../contract/units.ts';
import { recipeSource } from '../../store/models.ts';
import { openRegularFile } from '../../store/open-file.ts';
import { insideLibrary } from '../../store/paths.ts';
import { dropFiles } from '../../store/recorded-files.ts';
import * as store from '../../store/reconstructions.ts';
import { handler, type Handler } from '../handle.ts';
import type { ServiceParts } from './context.ts';

/** Averages of other lengths than the stored ones, kept as files. */
export function reconstructionHandlers(parts: ServiceParts): Handler[] {
  const { library, outcomes } = parts;
  const { db, folder } = library;
  return [
    handler(calls.keepReconstructions, (request) => ({ jobId: keep(parts, request) })),
    handler(calls.listReconstructions, ({ runId }) => store.listReconstructions(db, runId)),
    handler(calls.renameReconstruction, ({ id, name }) => {
      store.renameReconstruction(db, id, name);
      outcomes.announceReconstructions(store.getReconstruction(db, id).runId);
      return {};
    }),
    handler(calls.deleteReconstruction, async ({ id }) => {
      const { runId } = store.getReconstruction(db, id);
      await dropFiles(library, () => [store.deleteReconstructionRow(db, id)]);
      outcomes.announceReconstructions(runId);
      return {};
    }),
    handler(calls.locateReconstruction, ({ id }) => {
      const path = insideLibrary(folder, store.getReconstruction(db, id).file);
      closeSync(openRegularFile(path).fd); // who asks is going to open it
      return { path };
    }),
  ];
}

/**
 * Queues the job, if nothing is wrong with what is asked for.
 *
 * @returns its id
 * @throws {AppError} what would fail in the job; 'conflict' for an average that is kept already
 */
function keep({ library, queue }: ServiceParts, request: calls.KeepRequest): number {
  const { db } = library;
  const { runId, targets } = request;
  const source = recipeSource(db, runId);
  const recipeOf = recipesAt(source, request.nimg);
  const recipes = targets.map(({ sigmaRel }) => recipeOf(sigmaRel));
  const { nimg } = recipes[0]!;
  const lengths = targets.map(({ sigmaRel }) => sigmaRel);
  const twice = lengths.find((sigmaRel, index) => lengths.indexOf(sigmaRel) < index);
  if (twice !== undefined) throw new AppError('invalid-input', `${emaLength(twice)} is named twice; name it once.`);
  const kept = store
    .listReconstructions(db, runId)
    .find((one) => one.nimg === nimg && lengths.some((sigmaRel) => sigmaRel === one.sigmaRel));
  if (kept !== undefined) {
    throw new AppError(
      'conflict',
      `${emaLength(kept.sigmaRel)} at ${exactImages(nimg)} of "${source.name}" is kept already, as "${kept.name}".`,
    );
  }
  const title = `${source.name} at ${images(nimg)}: ${lengths.map(emaLength).join(', ')}`;
  return queue.add({ parameters: { kind: 'reconstruct', request: { ...request, nimg } }, title, runId });
}
