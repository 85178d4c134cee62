import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bucketsOf, planNetwork } from '../../../contract/architecture.ts';
import type { DynamicsKind } from '../../../contract/dynamics.ts';
import type { DynamicsTable } from '../../../contract/dynamics-table.ts';
import type { JobMessage, JobOutcome } from '../../../contract/job-messages.ts';
import type { Engine, RunConfig } from '../../../contract/training.ts';
import { VALIDATION_NOISE } from '../../../contract/validation.ts';
import { openDataset, type PackedDataset } from '../../../native-worker/data/dataset-file.ts';
import { splitPictures } from '../../../native-worker/data/split.ts';
import { ready } from '../../../native-worker/edm2/network/network.ts';
import { denoise } from '../../../native-worker/edm2/network/precondition.ts';
import { normalQuantile } from '../../../native-worker/edm2/training/strata.ts';
import { seedFor } from '../../../native-worker/edm2/tensors/random.ts';
import { readState } from '../../../native-worker/edm2/training/state.ts';
import { randomKernels } from '../../../native-worker/engine/random.ts';
import { tf } from '../../../native-worker/engine/tensorflow.ts';
import type { Requested } from '../../../native-worker/jobs/context.ts';
import { openCheckpoint } from '../../../native-worker/jobs/training/checkpoint.ts';
import { runTrain } from '../../../native-worker/jobs/train.ts';
import { checkpointsToResume } from '../../../native-worker/store/checkpoints.ts';
import { datasetPath } from '../../../native-worker/store/datasets.ts';
import { readDynamics } from '../../../native-worker/store/dynamics.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { listLog } from '../../../native-worker/store/log.ts';
import { insideLibrary } from '../../../native-worker/store/paths.ts';
import { getRun } from '../../../native-worker/store/runs.ts';
import { makeContext, makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/** A dataset of 40 pictures: 4 are held out. */

let library: Library;
let datasetId: number;
let remove: () => void;
beforeEach(async () => {
  ({ library, datasetId, remove } = await makeLibrary());
});
afterEach(() => remove());

const newRun = (training: Partial<RunConfig['training']> = {}, logging: Partial<RunConfig['logging']> = {}): number =>
  makeRun(
    library,
    datasetId,
    tinyConfig(
      { durationImages: 24, ...training },
      { snapshotImages: 0, checkpointImages: 8, validationImages: 8, ...logging },
    ),
  );

async function train(
  runId: number,
  request?: (messages: readonly JobMessage[]) => Requested,
  engine: Engine = 'graph',
): Promise<{ outcome: JobOutcome; messages: JobMessage[] }> {
  const parameters = { kind: 'train', runId, engine } as const;
  const { context, messages } = makeContext(library, parameters, request);
  return { outcome: await runTrain(context, parameters), messages };
}

const recorded = (runId: number, kind: DynamicsKind = 'validation'): DynamicsTable =>
  readDynamics(library.db, runId, kind, { maxColumns: 100 });

/** λ(σ) (D − y)² of pictures, written out anew: one picture at a time, with the weights of the run's newest checkpoint. */
function errorByHand(runId: number, which: 'raw' | number, pictures: Int32Array, dataset: PackedDataset): number {
  const run = getRun(library.db, runId);
  const plan = planNetwork(run.config.network, run.shape);
  const { file, sha256 } = checkpointsToResume(library.db, runId)[0]!;
  const checkpoint = openCheckpoint(insideLibrary(library.folder, file), sha256, plan, 2);
  const named = (name: string): Tensor =>
    which === 'raw' ? checkpoint.source.parameter(name) : checkpoint.source.average(which, name);
  const parameters = Object.fromEntries(plan.parameters.map(({ name }) => [name, named(name)]));
  const buffers = Object.fromEntries(plan.buffers.map(({ name }) => [name, checkpoint.source.buffer(name)]));
  checkpoint.close();
  const network = ready({ plan, parameters, buffers });
  const errors = [...pictures].map((index, place) => {
    const pixels = new Uint8Array(16 * 16 * 3);
    dataset.readPictures([index], pixels);
    const clean = tf.sub(tf.div(tf.tensor4d([...pixels], [1, 16, 16, 3]), 127.5), 1);
    const noise = tf.reshape(randomKernels.normal([16, 16, 3], seedFor(place, 'validation', 0)), [1, 16, 16, 3]);
    const sigma = Math.exp(-0.8 + 1.6 * normalQuantile((place + 0.5) / pictures.length));
    const label = tf.oneHot(tf.tensor1d([dataset.labels[index]!], 'int32'), 2).asType('float32') as Tensor2D;
    const d = denoise(network, tf.add(clean, tf.mul(noise, sigma)), tf.tensor1d([sigma]), label);
    const weight = (sigma ** 2 + 0.25) / (sigma * 0.5) ** 2;
    return tf.mean(tf.square(tf.sub(d, clean))).dataSync()[0]! * weight;
  });
  return errors.reduce((sum, value) => sum + value, 0) / errors.length;
}

test.each(['graph', 'eager'] as const)('validation is the error of each network by hand (%s)', async (engine) => {
  expect(VALIDATION_NOISE).toEqual({ pMean: -0.8, pStd: 1.6 });
  const runId = newRun();
  expect((await train(runId, undefined, engine)).outcome).toEqual({ kind: 'finished' });
  const { layers, nimg, values } = recorded(runId);
  expect(nimg).toEqual([8, 16, 24]);
  const dataset = openDataset(insideLibrary(library.folder, datasetPath(library, datasetId)));
  const { heldOut, known } = splitPictures(dataset, 4, 4);
  const last = Object.fromEntries(layers.map((name, row) => [name, values[row]!.at(-1)!]));
  const close = (name: string, value: number): void => expect(last[name]! / value).toBeCloseTo(1, 4);
  close('raw: held out', errorByHand(runId, 'raw', heldOut, dataset));
  close('σ_rel 0.05: held out', errorByHand(runId, 0, heldOut, dataset));
  close('σ_rel 0.1: held out', errorByHand(runId, 1, heldOut, dataset));
  close('raw: trained on', errorByHand(runId, 'raw', known, dataset));
  close('σ_rel 0.1: trained on', errorByHand(runId, 1, known, dataset));
  expect(new Set(Object.values(last)).size).toBe(6);
  const losses = recorded(runId, 'validation-loss');
  expect(losses.values.flat().every((value) => value !== null && Number.isFinite(value))).toBe(true);
  dataset.close();
});

test('training never sees what is held out, and without validation sees all in the order of earlier versions', async () => {
  const seen: number[] = [];
  const { batchIndices } = await import('../../../native-worker/data/batches.ts');
  const { readBatch } = await import('../../../native-worker/jobs/training/batch.ts');
  const dataset = openDataset(insideLibrary(library.folder, datasetPath(library, datasetId)));
  const { heldOut, training } = splitPictures(dataset, 4, 4);
  const watched = {
    ...dataset,
    readPictures: (indices: ArrayLike<number>, into: Uint8Array): void => {
      seen.push(...Array.from(indices));
      dataset.readPictures(indices, into);
    },
  };
  for (let nimg = 0; nimg < 72; nimg += 8) readBatch(watched, 2, { seed: 3, batchSize: 8 }, nimg, training);
  expect(new Set(seen).size).toBe(36);
  expect([...heldOut].some((index) => seen.includes(index))).toBe(false);
  seen.length = 0;
  readBatch(watched, 2, { seed: 3, batchSize: 8 }, 0);
  expect(seen).toEqual([...batchIndices({ count: 40, seed: 3, nimg: 0, batchSize: 8 })]);
  dataset.close();
});

test('what is learned is the same, bit for bit, however often it is validated', async () => {
  const weights = (runId: number): number[] => {
    const run = getRun(library.db, runId);
    const plan = planNetwork(run.config.network, run.shape);
    const { file, sha256 } = checkpointsToResume(library.db, runId)[0]!;
    const checkpoint = openCheckpoint(insideLibrary(library.folder, file), sha256, plan, 2);
    const state = readState(plan, 2, checkpoint.source);
    checkpoint.close();
    return Object.values(state.parameters).flatMap((tensor) => [...tensor.dataSync()]);
  };
  const [often, once] = [newRun({}, { validationImages: 4 }), newRun({}, { validationImages: 24 })];
  await train(often);
  await train(once);
  expect(recorded(often).nimg).toEqual([4, 8, 12, 16, 20, 24]);
  expect(recorded(once).nimg).toEqual([24]);
  expect(recorded(once).values.map((row) => row.at(-1))).toEqual(recorded(often).values.map((row) => row.at(-1)));
  expect(weights(often)).toEqual(weights(once));
});

test('it does not depend on how many pictures are evaluated at once', async () => {
  const [whole, parts] = [newRun({ batchSize: 8 }), newRun({ batchSize: 8, microBatch: 2 })];
  await train(whole);
  await train(parts);
  const [a, b] = [recorded(whole), recorded(parts)];
  for (const [row, line] of a.values.entries()) {
    for (const [at, value] of line.entries()) expect(b.values[row]![at]! / value!).toBeCloseTo(1, 3);
  }
});

test('a run that is paused while it validates does so when it goes on, and no moment is there twice', async () => {
  const runId = newRun();
  const validates = (messages: readonly JobMessage[]): boolean => messages.some(({ type }) => type === 'stepping');
  // A pause is heard between two evaluations: the first step has been taken, the first validation has begun.
  let asked = 0;
  const { outcome } = await train(runId, (messages) => (validates(messages) && ++asked > 2 ? 'pause' : null));
  expect(outcome).toEqual({ kind: 'paused' });
  expect(recorded(runId).nimg).toEqual([]);
  expect((await train(runId)).outcome).toEqual({ kind: 'finished' });
  expect(recorded(runId).nimg).toEqual([8, 16, 24]);
});

test('a dataset that is too small to hold any out says so, and all of it is trained on', async () => {
  const small = await makeLibrary(9);
  const config = tinyConfig({ durationImages: 8 }, { snapshotImages: 0, checkpointImages: 0, validationImages: 4 });
  const runId = makeRun(small.library, small.datasetId, config);
  const parameters = { kind: 'train', runId, engine: 'eager' } as const;
  const { context } = makeContext(small.library, parameters);
  expect(await runTrain(context, parameters)).toEqual({ kind: 'finished' });
  expect(readDynamics(small.library.db, runId, 'validation', { maxColumns: 100 }).nimg).toEqual([]);
  const log = listLog(small.library.db, runId, 100);
  expect(log.filter(({ level }) => level === 'warn').map(({ text }) => text)).toEqual([
    'Nothing is validated: the dataset has too few pictures to hold any out.',
  ]);
  small.remove();
});

test('an average is measured with each grid, on pictures that stay the same', async () => {
  const runId = newRun({}, { sampleImages: 8, validationImages: 0 });
  await train(runId);
  const weights = recorded(runId, 'average-weight-max');
  expect(weights.nimg).toEqual([8, 16, 24]);
  expect(weights.layers).toEqual(['Enc 16×16', 'Enc 8×8', 'Dec 8×8', 'Dec 16×16']);
  // Of each output unit of the average that draws, by hand from the checkpoint of the end.
  const run = getRun(library.db, runId);
  const plan = planNetwork(run.config.network, run.shape);
  const { file, sha256 } = checkpointsToResume(library.db, runId)[0]!;
  const checkpoint = openCheckpoint(insideLibrary(library.folder, file), sha256, plan, 2);
  const magnitudes = (layer: string): number[] => {
    const tensor = checkpoint.source.average(1, `${layer}.weight`); // [..., in, out]
    const axes = Array.from({ length: tensor.rank - 1 }, (_, axis) => axis);
    return [...tf.sqrt(tf.mean(tf.square(tensor), axes)).dataSync()];
  };
  for (const [row, { layers }] of bucketsOf(plan).entries()) {
    expect(weights.values[row]!.at(-1)).toBeCloseTo(Math.max(...layers.flatMap(magnitudes)), 4);
  }
  checkpoint.close();
  for (const value of recorded(runId, 'average-weight-mean').values.flat()) expect(value).toBeCloseTo(1, 1);
  for (const value of recorded(runId, 'average-activation-max').values.flat()) expect(value).toBeGreaterThan(0.1);
});
