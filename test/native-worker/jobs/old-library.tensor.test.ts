import { join } from 'node:path';
import { expect, test } from 'vitest';
import { recipesAt } from '../../../contract/recipe.ts';
import { openMix } from '../../../native-worker/jobs/mix.ts';
import { runTrain } from '../../../native-worker/jobs/train.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { recipeSource } from '../../../native-worker/store/models.ts';
import { getRun } from '../../../native-worker/store/runs.ts';
import { openSafetensors } from '../../../native-worker/store/safetensors.ts';
import { getSnapshot, listSnapshots } from '../../../native-worker/store/snapshots.ts';
import { unpackOldLibrary } from '../../support/old-library.ts';
import { makeContext } from '../../support/training-library.ts';

const RUN = 3;

test('a run of an old library goes on, and averages are mixed of its snapshots of either format', async () => {
  const { folder, remove } = unpackOldLibrary();
  const library = openLibrary(folder, { migrate: true });
  try {
    const parameters = { kind: 'train', runId: RUN, engine: 'graph' } as const;
    let asked = 0;
    const { context } = makeContext(library, parameters, () => (asked++ < 2 ? null : 'pause'));
    expect(await runTrain(context, parameters)).toEqual({ kind: 'paused' });
    const { nimg, resumes } = getRun(library.db, RUN);
    expect(nimg).toBeGreaterThan(1088);
    expect(resumes).toEqual([1024, 1088]);

    const formats = listSnapshots(library.db, RUN).map(({ id }) => {
      const opened = openSafetensors(join(folder, getSnapshot(library.db, id).file));
      opened.close();
      return opened.metadata.format;
    });
    expect(new Set(formats)).toEqual(new Set(['edm2-snapshot/1', 'edm2-snapshot/2']));
    const recipe = recipesAt(recipeSource(library.db, RUN), nimg)(0.07);
    const mix = openMix(library, [recipe]);
    expect(mix.read('unet.out_conv.weight')[0]!.every(Number.isFinite)).toBe(true);
    mix.close();
  } finally {
    library.close();
    remove();
  }
});
