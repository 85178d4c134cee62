import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { JobOutcome } from '../../contract/job-messages.ts';
import { recipesAt, type Recipe } from '../../contract/recipe.ts';
import type { KeepRequest } from '../../contract/reconstructions.ts';
import { averageName } from '../../contract/units.ts';
import { moveDurably, writingTo } from '../store/durable-file.ts';
import { recipeSource } from '../store/models.ts';
import { insideLibrary, jobFolder, reconstructionPath } from '../store/paths.ts';
import { insertReconstruction } from '../store/reconstructions.ts';
import { recordFiles } from '../store/recorded-files.ts';
import { SafetensorsStream } from '../store/safetensors-stream.ts';
import type { WrittenFile } from '../store/safetensors.ts';
import { makeFolder } from '../system/make-folder.ts';
import { breathe, everySoOften, type JobContext, type RunJob } from './context.ts';
import { openMix, type Mix } from './mix.ts';
import { snapshotMetadata } from './snapshot-facts.ts';

/**
 * Reconstructs averages of other lengths and keeps each as a file of its own, which is a snapshot file that says how it
 * was made. All of them are mixed in one pass over the snapshots, tensor by tensor. Until the last one is whole they lie
 * in the job's own folder, so that nothing of a job that dies is ever seen.
 *
 * @throws {AppError} 'not-found', 'corrupt-file', 'no-space'; 'conflict' or 'invalid-input' for what can't be made
 */
export const runReconstruct: RunJob<'reconstruct'> = async (context, { request }) => {
  const { library, job } = context;
  const recipeOf = recipesAt(recipeSource(library.db, request.runId), request.nimg);
  const recipes = request.targets.map(({ sigmaRel }) => recipeOf(sigmaRel));
  const folder = insideLibrary(library.folder, jobFolder(job.id));
  const mix = openMix(library, recipes);
  try {
    makeFolder(folder);
    const files = recipes.map((_, index) => join(folder, `${index}.safetensors`));
    const written = await writeMix(context, request.runId, mix, recipes, files);
    if (written === null) return { kind: 'cancelled' };
    return await keep(context, request, recipes, files, written);
  } finally {
    mix.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** @returns null if it was cancelled */
async function writeMix(
  { send, requested }: JobContext,
  runId: number,
  mix: Mix,
  recipes: readonly Recipe[],
  files: readonly string[],
): Promise<WrittenFile[] | null> {
  const tensors = mix.names.map((name) => ({ name, shape: mix.shape(name) }));
  const streams: SafetensorsStream[] = [];
  try {
    for (const [index, recipe] of recipes.entries())
      streams.push(new SafetensorsStream(files[index]!, tensors, metadataOf(mix, recipe, runId)));
    const tell = everySoOften(send);
    for (const [done, { name }] of tensors.entries()) {
      tell({ done, total: tensors.length, unit: 'tensors', text: 'Reconstructing' });
      await breathe();
      if (requested() !== null) return null;
      const data = mix.read(name);
      streams.forEach((stream, index) => stream.write(name, data[index]!));
    }
    return streams.map((stream) => stream.finish());
  } finally {
    for (const stream of streams) stream.close();
  }
}

/** A snapshot's metadata, and how it was made: a reader of snapshots needs not know of it. */
function metadataOf({ facts }: Mix, { nimg, sigmaRel, error, terms }: Recipe, runId: number): Record<string, string> {
  return {
    ...snapshotMetadata({ ...facts, nimg, sigmaRel }, { kind: 'reconstruction', runId }),
    reconstruction: JSON.stringify({ error, terms }),
  };
}

/**
 * Moves the files to the run and writes their rows: all of them, or, if something goes wrong, none.
 */
async function keep(
  { library, job }: JobContext,
  { runId, targets }: KeepRequest,
  recipes: readonly Recipe[],
  files: readonly string[],
  written: readonly WrittenFile[],
): Promise<JobOutcome> {
  const places = recipes.map(({ nimg, sigmaRel }) => reconstructionPath(runId, nimg, sigmaRel, job.id));
  await recordFiles(
    library,
    places,
    (paths) =>
      paths.forEach((path, index) => {
        writingTo(path, () => moveDurably(files[index]!, path));
      }),
    () =>
      recipes.forEach((recipe, index) => {
        const name = targets[index]!.name ?? averageName(recipe.sigmaRel, recipe.nimg);
        const made = { ...recipe, ...written[index]!, runId, jobId: job.id, name, file: places[index]! };
        insertReconstruction(library.db, made);
      }),
  );
  return { kind: 'reconstructed' };
}
