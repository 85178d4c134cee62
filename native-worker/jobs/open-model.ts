import type { ModelRef } from '../../contract/models.ts';
import type { Recipe } from '../../contract/recipe.ts';
import { buffersFrom, parametersFrom } from '../edm2/tensors/layout.ts';
import { tf } from '../engine/tensorflow.ts';
import type { Library } from '../store/library.ts';
import { findModel } from '../store/models.ts';
import { insideLibrary } from '../store/paths.ts';
import { openMix } from './mix.ts';
import { readSnapshot, type SnapshotNetwork } from './snapshot-file.ts';

/** A network that can draw, and the run that it is of. */
export type OpenModel = SnapshotNetwork & { readonly runId: number };

type OnMixed = (done: number, total: number) => void;

/**
 * Loads an averaged network, whatever names it: a file of the library is read, a recipe is mixed from the run's
 * snapshots.
 *
 * @param onMixed told after each tensor that is mixed, which takes a while for a large network: tensors so far and in all
 * @returns the tensors belong to the caller
 * @throws {AppError} 'not-found', 'corrupt-file'; 'conflict' or 'invalid-input' for a recipe that can't be made
 */
export function openModel(library: Library, ref: ModelRef, onMixed: OnMixed = () => undefined): OpenModel {
  const { runId, source } = findModel(library.db, ref);
  const network =
    'file' in source
      ? readSnapshot(insideLibrary(library.folder, source.file), source.sha256)
      : mixNetwork(library, source.recipe, onMixed);
  return { ...network, runId };
}

function mixNetwork(library: Library, recipe: Recipe, onMixed: OnMixed): SnapshotNetwork {
  const mix = openMix(library, [recipe]);
  try {
    let done = 0;
    const read = (name: string) => {
      const data = mix.read(name)[0]!;
      onMixed((done += 1), mix.names.length);
      return { shape: mix.shape(name), data };
    };
    const { plan, classes } = mix.facts;
    const tensors = tf.tidy(() => ({ parameters: parametersFrom(plan, read), buffers: buffersFrom(plan, read) }));
    return { nimg: recipe.nimg, sigmaRel: recipe.sigmaRel, plan, classes, ...tensors };
  } finally {
    mix.close();
  }
}
