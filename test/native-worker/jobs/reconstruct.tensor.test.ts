import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gammaFromSigmaRel } from '../../../contract/power-function.ts';
import { recipesAt, type Recipe } from '../../../contract/recipe.ts';
import { KeepRequest } from '../../../contract/reconstructions.ts';
import { tf } from '../../../native-worker/engine/tensorflow.ts';
import { openModel } from '../../../native-worker/jobs/open-model.ts';
import { runReconstruct } from '../../../native-worker/jobs/reconstruct.ts';
import { disposeAll } from '../../../native-worker/jobs/tensor-files.ts';
import { runTrain } from '../../../native-worker/jobs/train.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { recipeSource } from '../../../native-worker/store/models.ts';
import { insideLibrary, snapshotPath } from '../../../native-worker/store/paths.ts';
import { getReconstruction, listReconstructions } from '../../../native-worker/store/reconstructions.ts';
import { openSafetensors } from '../../../native-worker/store/safetensors.ts';
import { makeContext, makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/**
 * A small network is trained for 96 steps and keeps, at every step, two averages to reconstruct from, four more to
 * compare with, and one so short that it is the weights themselves. Then only the snapshots of every twelfth step and of
 * the two lengths stay in the library, as in a run of everyday.
 */
const BATCH = 4;
const STEPS = 96;
const STORED = [0.05, 0.1];
const TRUE = [0.03, 0.07, 0.15, 0.2];
/** γ is 2000: the step before counts (1 − 1/96)^2001 = 8e-10 of the last one, less than float32 sees. */
const INSTANT = 0.0005;
const EVERY = 12;
const MOMENTS = [3, 5, 8].map((count) => count * EVERY * BATCH);

let library: Library;
let runId: number;
let remove: () => void;

beforeAll(async () => {
  const made = await makeLibrary();
  ({ library, remove } = made);
  const config = tinyConfig(
    { batchSize: BATCH, durationImages: STEPS * BATCH, sigmaRels: [...STORED, ...TRUE, INSTANT], learningRate: 0.02 },
    { snapshotImages: BATCH, checkpointImages: 0, tickImages: 64 },
  );
  runId = makeRun(library, made.datasetId, config);
  const parameters = { kind: 'train', runId, engine: 'graph' } as const;
  expect(await runTrain(makeContext(library, parameters).context, parameters)).toEqual({ kind: 'finished' });
  library.db
    .prepare('DELETE FROM snapshots WHERE nimg % ? <> 0 OR ema_std NOT IN (?, ?)')
    .run(EVERY * BATCH, STORED[0], STORED[1]);
  for (const nimg of MOMENTS) await reconstructAll(nimg);
});
afterAll(() => remove());

type Numbers = ReadonlyMap<string, Float32Array>;

/** A file of the run, whether the library still knows it or not. */
function fileAt(nimg: number, sigmaRel: number): Numbers {
  return read(insideLibrary(library.folder, snapshotPath(runId, nimg, sigmaRel)));
}

function read(path: string): Numbers {
  const opened = openSafetensors(path);
  const numbers = new Map([...opened.tensors.keys()].map((name) => [name, opened.readAs(name, 'F32')]));
  opened.close();
  return numbers;
}

/** The weights after each step up to a moment. */
const weightsUntil = (nimg: number): Numbers[] =>
  Array.from({ length: nimg / BATCH }, (_, step) => fileAt((step + 1) * BATCH, INSTANT));

/** Keeps reconstructions of the four lengths at a moment. */
async function reconstructAll(nimg: number): Promise<void> {
  const targets = TRUE.map((sigmaRel) => ({ sigmaRel }));
  const parameters = { kind: 'reconstruct', request: KeepRequest.parse({ runId, nimg, targets }) } as const;
  const outcome = await runReconstruct(makeContext(library, parameters).context, parameters);
  expect(outcome).toEqual({ kind: 'reconstructed' });
}

function reconstruction(nimg: number, sigmaRel: number): Numbers {
  const { id } = listReconstructions(library.db, runId).find((one) => one.nimg === nimg && one.sigmaRel === sigmaRel)!;
  return read(insideLibrary(library.folder, getReconstruction(library.db, id).file));
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, index) => sum + (value - b[index]!) ** 2, 0));
}

const lengthOf = (a: Float32Array): number => distance(a, new Float32Array(a.length));

/** Root of the mean over all steps up to a moment of a tensor's squared distance from its mean: how far it wandered. */
function wander(weights: readonly Numbers[], name: string): number {
  const tensors = weights.map((step) => step.get(name)!);
  const mean = tensors[0]!.map((_, i) => tensors.reduce((sum, tensor) => sum + tensor[i]!, 0) / tensors.length);
  return Math.sqrt(tensors.reduce((sum, tensor) => sum + distance(tensor, mean) ** 2, 0) / tensors.length);
}

/** ‖rebuilt − true‖ ≤ ε ‖p‖ (∫ ‖θ − c‖² dt)^½ by Cauchy–Schwarz; docs/post-hoc-ema.md. */
const bound = ({ error, sigmaRel }: Recipe, wandered: number): number => {
  const gamma = gammaFromSigmaRel(sigmaRel);
  return (error * (gamma + 1) * wandered) / Math.sqrt(2 * gamma + 1);
};

/** Averages are kept in float32: half a unit in the last place a step, times what the factors make of it. */
function rounding({ nimg, terms }: Recipe, length: number): number {
  const factors = terms.reduce((sum, { coefficient }) => sum + Math.abs(coefficient), 1);
  return (nimg / BATCH) * 2 ** -24 * factors * length;
}

describe.each(MOMENTS)('at %i images', (nimg) => {
  let weights: Numbers[];
  beforeAll(() => (weights = weightsUntil(nimg)));

  test.each(TRUE)('sigma_rel %f is rebuilt within the predicted error, every tensor of it', (sigmaRel) => {
    const recipe = recipesAt(recipeSource(library.db, runId), nimg)(sigmaRel);
    const [wanted, mine] = [fileAt(nimg, sigmaRel), reconstruction(nimg, sigmaRel)];
    expect([...mine.keys()].sort()).toEqual([...wanted.keys()].sort());
    for (const [name, tensor] of wanted) {
      const allowed = bound(recipe, wander(weights, name)) + rounding(recipe, lengthOf(tensor));
      expect([name, distance(mine.get(name)!, tensor) <= allowed]).toEqual([name, true]);
    }
  });
});

describe('with 8 snapshots', () => {
  const nimg = MOMENTS.at(-1)!;

  test.each(TRUE)('sigma_rel %f is at least five times nearer to the truth than a stored average', (sigmaRel) => {
    const [wanted, mine] = [fileAt(nimg, sigmaRel), reconstruction(nimg, sigmaRel)];
    const total = (other: Numbers): number =>
      Math.hypot(...[...wanted].map(([name, tensor]) => distance(other.get(name)!, tensor)));
    for (const stored of STORED) expect(total(mine)).toBeLessThan(total(fileAt(nimg, stored)) / 5);
  });

  test('the predicted error is small enough to tell the average from its neighbours', () => {
    const weights = weightsUntil(nimg);
    const recipe = recipesAt(recipeSource(library.db, runId), nimg)(0.07);
    const wanted = fileAt(nimg, 0.07);
    for (const stored of STORED) {
      const outside = [...fileAt(nimg, stored)].filter(
        ([name, tensor]) => distance(tensor, wanted.get(name)!) > bound(recipe, wander(weights, name)),
      );
      expect(outside.length).toBeGreaterThan(10);
    }
  });
});

test('a recipe opens the network that a kept reconstruction holds, and leaves no tensors', () => {
  const nimg = MOMENTS[1]!;
  const before = tf.memory().numTensors;
  for (const { id, sigmaRel } of listReconstructions(library.db, runId).filter((one) => one.nimg === nimg)) {
    const kept = openModel(library, { kind: 'reconstruction', reconstructionId: id });
    const seen: string[] = [];
    const mixed = openModel(library, { kind: 'recipe', runId, nimg, sigmaRel }, (done, total) =>
      seen.push(`${done} of ${total}`),
    );
    const count = Object.keys({ ...mixed.parameters, ...mixed.buffers }).length;
    expect(seen).toEqual(Array.from({ length: count }, (_, index) => `${index + 1} of ${count}`));
    expect({ ...mixed, parameters: null, buffers: null }).toEqual({ ...kept, parameters: null, buffers: null });
    expect(mixed).toMatchObject({ runId, nimg, sigmaRel });
    for (const part of ['parameters', 'buffers'] as const) {
      for (const [name, tensor] of Object.entries(kept[part])) {
        expect(mixed[part][name]!.dataSync()).toEqual(tensor.dataSync());
      }
    }
    for (const model of [kept, mixed]) {
      disposeAll(model.parameters);
      disposeAll(model.buffers);
    }
  }
  expect(tf.memory().numTensors).toBe(before);
});
