import { readdirSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { blockNames, planNetwork, weightNames } from '../../../contract/architecture.ts';
import type { DynamicsKind } from '../../../contract/dynamics.ts';
import { AppError } from '../../../contract/errors.ts';
import { sigmaBinNames } from '../../../contract/noise-levels.ts';
import { deferred } from '../../../native-worker/cli/deferred.ts';
import { tf } from '../../../native-worker/engine/tensorflow.ts';
import { readSnapshot } from '../../../native-worker/jobs/snapshot-file.ts';
import { disposeAll } from '../../../native-worker/jobs/tensor-files.ts';
import { runTrain } from '../../../native-worker/jobs/train.ts';
import { listCheckpoints } from '../../../native-worker/store/checkpoints.ts';
import { listLog } from '../../../native-worker/store/log.ts';
import { readDynamics } from '../../../native-worker/store/dynamics.ts';
import { checkpointPath, snapshotPath } from '../../../native-worker/store/paths.ts';
import { getRun, setDuration } from '../../../native-worker/store/runs.ts';
import { openSafetensors } from '../../../native-worker/store/safetensors.ts';
import { listSamples } from '../../../native-worker/store/samples.ts';
import { getSnapshot, listSnapshots } from '../../../native-worker/store/snapshots.ts';
import { holdIndex } from '../../support/hold-index.ts';
import { makeContext, makeRun, tinyConfig } from '../../support/training-library.ts';
import {
  eachInItsLibrary,
  datasetId,
  lastState,
  library,
  newRun,
  onOpeningCheckpoint,
  tensorsOf,
  ticksOf,
  train,
} from '../../support/train-here.ts';

eachInItsLibrary();

describe('a run that reaches its duration', () => {
  test('writes ticks, magnitudes, snapshots, checkpoints, a grid and a log', async () => {
    const runId = newRun(tinyConfig({}, { sampleImages: 100 }));
    const { outcome, messages } = await train(runId);
    expect(outcome).toEqual({ kind: 'finished' });
    expect(getRun(library.db, runId)).toMatchObject({ nimg: 64, device: expect.stringContaining('CPU') as string });

    const ticks = ticksOf(runId);
    expect(ticks.nimg).toEqual([16, 32, 48, 64]);
    expect(ticks.loss.every((loss) => loss !== null && loss > 0)).toBe(true);
    expect(ticks.learningRate.map((rate) => rate > 0)).toEqual([true, true, true, true]);
    expect(messages.filter(({ type }) => type === 'ticked')).toHaveLength(4);

    const { network } = tinyConfig();
    const plan = planNetwork(network, getRun(library.db, runId).shape);
    const weights = readDynamics(library.db, runId, 'weight', { maxColumns: 100 });
    expect(weights.layers).toEqual(weightNames(plan));
    expect(weights.nimg).toEqual(ticks.nimg);
    // Forced normalisation: the stored root mean square is 1/(1 + 1e-4).
    for (const row of weights.values) for (const value of row) expect(value).toBeCloseTo(0.9999, 4);
    const activations = readDynamics(library.db, runId, 'activation', { maxColumns: 100 });
    expect(activations.layers).toEqual(blockNames(plan));
    for (const row of activations.values) for (const value of row) expect(value).toBeGreaterThan(0.1);

    const noise = (kind: DynamicsKind) => readDynamics(library.db, runId, kind, { maxColumns: 100 });
    expect(noise('noise-count').layers).toEqual(sigmaBinNames);
    ticks.nimg.forEach((_, tick) => {
      // Every picture of the tick is in a bin, and the bins' means make the tick's.
      const counts = noise('noise-count').values.map((row) => row[tick]!);
      expect(counts.reduce((sum, count) => sum + count)).toBe(16);
      for (const [kind, mean] of [
        ['noise-loss', ticks.loss[tick]!],
        ['noise-error', ticks.weightedError[tick]!],
      ] as const) {
        const sums = noise(kind).values.map((row, bin) => (row[tick] ?? 0) * counts[bin]!);
        expect(sums.reduce((sum, value) => sum + value) / 16).toBeCloseTo(mean, 5);
      }
    });

    expect(listSnapshots(library.db, runId).map(({ nimg, sigmaRel }) => [nimg, sigmaRel])).toEqual([
      [32, 0.05],
      [32, 0.1],
      [64, 0.05],
      [64, 0.1],
    ]);
    expect(listCheckpoints(library.db, runId).map(({ nimg }) => nimg)).toEqual([32, 64]);
    const says = (file: string): unknown => {
      const opened = openSafetensors(join(library.folder, file));
      opened.close();
      return opened.metadata;
    };
    const of = (kind: string): object => ({ kind, run: String(runId), nimg: '64' });
    expect(says(checkpointPath(runId, 64))).toMatchObject(of('checkpoint'));
    expect(says(snapshotPath(runId, 64, 0.05))).toMatchObject({ ...of('snapshot'), ema_std: '0.05' });
    const [grid] = listSamples(library.db, { runId, origin: 'grid', limit: 10 });
    expect(grid).toMatchObject({ nimg: 64, columns: 3, seeds: [0, 1, 2, 3, 4, 5], labels: [0, 0, 0, 1, 1, 1] });
    expect(listLog(library.db, runId, 10).map(({ text }) => text)).toEqual([
      'Training begins.',
      'Finished at 64 images.',
    ]);
  });

  test('keeps the last two checkpoints and deletes the files of older ones', async () => {
    const runId = newRun(tinyConfig({}, { checkpointImages: 16 }));
    await train(runId);
    expect(listCheckpoints(library.db, runId).map(({ nimg }) => nimg)).toEqual([48, 64]);
    expect(readdirSync(join(library.folder, `files/runs/${runId}/checkpoints`)).sort()).toEqual([
      '000000000048.safetensors',
      '000000000064.safetensors',
    ]);
  });

  test('writes snapshots that carry the official names and layouts and describe themselves', async () => {
    const config = tinyConfig();
    const runId = newRun(config);
    await train(runId);
    const { file, sha256 } = getSnapshot(library.db, listSnapshots(library.db, runId).at(-1)!.id);
    const plan = planNetwork(config.network, getRun(library.db, runId).shape);
    const opened = openSafetensors(join(library.folder, file));
    for (const { name, shape } of [...plan.parameters, ...plan.buffers]) {
      expect(opened.tensors.get(name)).toMatchObject({ dtype: 'F32', shape });
    }
    expect(opened.tensors.size).toBe(plan.parameters.length + plan.buffers.length);
    expect(opened.tensors.get('unet.enc.16x16_conv.weight')!.shape).toEqual([8, 4, 3, 3]);
    opened.close();
    const snapshot = readSnapshot(join(library.folder, file), sha256);
    expect(snapshot).toMatchObject({ nimg: 64, sigmaRel: 0.1, classes: ['bright', 'dark'] });
    expect(snapshot.plan.config).toEqual(config.network);
    disposeAll(snapshot.parameters);
    disposeAll(snapshot.buffers);
  });

  test('holds as many tensors at each tick as at the first, and none in the end', async () => {
    const counts: number[] = [];
    const before = tf.memory().numTensors;
    const runId = newRun(tinyConfig({}, { sampleImages: 16 }));
    let seen = 0;
    await train(runId, (messages) => {
      if (messages.length > seen && messages.at(-1)?.type === 'sampled') counts.push(tf.memory().numTensors);
      seen = messages.length;
      return null;
    });
    expect(counts).toHaveLength(3); // at 16, 32 and 48 images
    expect(new Set(counts).size).toBe(1);
    expect(tf.memory().numTensors).toBe(before);
  });

  test('accumulates micro-batches to the same gradients within rounding', async () => {
    const whole = newRun(tinyConfig());
    const parts = newRun(tinyConfig({ microBatch: 2 }));
    await train(whole);
    await train(parts);
    const expected = ticksOf(whole).loss;
    ticksOf(parts).loss.forEach((loss, index) => expect(loss).toBeCloseTo(expected[index]!, 3));
  });

  test('goes on while a checkpoint is written, which is of the moment when it was due', async () => {
    const straight = newRun(tinyConfig());
    await train(straight);
    const runId = newRun(tinyConfig());
    const ticked = deferred<null>();
    onOpeningCheckpoint(() => ticked.promise.then(() => undefined)); // the one at 32 waits for the tick at 48
    await train(runId, (messages) => {
      if (messages.filter(({ type }) => type === 'ticked').length === 3) ticked.resolve(null);
      return null;
    });
    vi.restoreAllMocks();
    expect(ticksOf(runId).nimg).toEqual([16, 32, 48, 64]);
    expect(lastState(runId)).toEqual(lastState(straight));
    const at32 = (id: number) => tensorsOf(checkpointPath(id, 32));
    expect(at32(runId)).toEqual(at32(straight));
  });

  test('that is given more images goes on to the same weights as one that was to see them from the start', async () => {
    const straight = newRun(tinyConfig({ durationImages: 96 }));
    await train(straight);
    const runId = newRun(tinyConfig({ durationImages: 48 }));
    await train(runId);
    expect(getRun(library.db, runId)).toMatchObject({ nimg: 48, durationImages: 48 });
    setDuration(library.db, runId, 96);
    expect((await train(runId)).outcome).toEqual({ kind: 'finished' });
    const run = getRun(library.db, runId);
    expect(run).toMatchObject({ nimg: 96, durationImages: 96, resumes: [48] });
    expect(run.config.training.durationImages).toBe(48);
    expect(ticksOf(runId).loss).toEqual(ticksOf(straight).loss);
    expect(lastState(runId)).toEqual(lastState(straight));
  });

  test('waits for a checkpoint to be written where there is no memory for a second state', async () => {
    const runId = newRun(tinyConfig());
    vi.spyOn(os, 'totalmem').mockReturnValue(1);
    syncBuiltinESMExports(); // who imports it by its name sees the same
    onTestFinished(() => {
      vi.restoreAllMocks();
      syncBuiltinESMExports();
    });
    const begun: number[] = [];
    const ended: number[] = [];
    let steps = 0;
    onOpeningCheckpoint(async () => {
      begun.push(steps);
      for (let turn = 0; turn < 1000; turn += 1) await new Promise(setImmediate);
      ended.push(steps);
    });
    await train(runId, () => {
      steps += 1;
      return null;
    });
    expect(begun).toEqual([8, 16]);
    expect(ended).toEqual(begun);
  });

  test('trains without classes when the run asks for that', async () => {
    const runId = newRun(tinyConfig({ classConditional: false }, { sampleImages: 100 }));
    expect((await train(runId)).outcome).toEqual({ kind: 'finished' });
    const [grid] = listSamples(library.db, { runId, origin: 'grid', limit: 10 });
    expect(grid).toMatchObject({ seeds: [0, 1, 2, 3, 4, 5], labels: [null, null, null, null, null, null] });
  });
});

describe('a run that goes wrong', () => {
  test('ends as not-finite with the images seen and leaves the last good checkpoint', async () => {
    // ln σ with a standard deviation of 10 around 10 overflows float32 in about one image of 3,000.
    const config = tinyConfig(
      { pMean: 10, pStd: 10, batchSize: 256, durationImages: 2 ** 17 },
      { tickImages: 256, checkpointImages: 256, snapshotImages: 0 },
    );
    const runId = newRun(config);
    const failure = await train(runId).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(AppError);
    expect(failure).toMatchObject({ code: 'not-finite' });
    const images = Number(/after ([\d,]+) images/.exec((failure as AppError).message)?.[1]?.replaceAll(',', ''));
    const checkpoints = listCheckpoints(library.db, runId);
    expect(checkpoints.length === 0 ? 0 : checkpoints.at(-1)!.nimg).toBe(images);
  });

  test('ends as no-space when the disk is full, and leaves the checkpoint before', async () => {
    const runId = newRun(tinyConfig({}, { snapshotImages: 0, checkpointImages: 16 }));
    let checkpoints = 0;
    onOpeningCheckpoint(() => {
      if (++checkpoints === 2) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    });
    await expect(train(runId)).rejects.toMatchObject({ code: 'no-space' });
    expect(listCheckpoints(library.db, runId).map(({ nimg }) => nimg)).toEqual([16]);
    vi.restoreAllMocks();
    expect((await train(runId)).outcome).toEqual({ kind: 'finished' });
  });

  test('is refused when its dataset has another size than the run was made for', async () => {
    const runId = newRun(tinyConfig());
    library.db.prepare('UPDATE runs SET resolution = 32 WHERE id = ?').run(runId);
    await expect(train(runId)).rejects.toMatchObject({ code: 'dataset' });
  });

  test('is refused in a precision that the device which TensorFlow took does not have', async () => {
    const runId = newRun(tinyConfig({ precision: 'fp16' }));
    await expect(train(runId)).rejects.toThrow(/can't compute in fp16/); // the tests' runtime is the CPU's
    expect(getRun(library.db, runId).nimg).toBe(0);
  });

  test('is refused op by op in reduced precision', async () => {
    const runId = newRun(tinyConfig({ precision: 'bf16' }));
    const parameters = { kind: 'train', runId, engine: 'eager' } as const;
    const before = tf.memory().numTensors;
    await expect(runTrain(makeContext(library, parameters).context, parameters)).rejects.toThrow(/only float32/);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('another program that locks the index again and again changes nothing of what a run learns and writes', async () => {
  const config = tinyConfig({}, { sampleImages: 32 });
  const undisturbed = makeRun(library, datasetId, config);
  await train(undisturbed);
  const runId = makeRun(library, datasetId, config);
  const letGo = await holdIndex(library.folder, '--again');
  try {
    expect((await train(runId)).outcome).toEqual({ kind: 'finished' });
  } finally {
    await letGo();
  }
  expect(ticksOf(runId).loss).toEqual(ticksOf(undisturbed).loss);
  const written = (id: number): unknown => [
    listSnapshots(library.db, id).map(({ nimg, sigmaRel, sizeBytes }) => [nimg, sigmaRel, sizeBytes]),
    listCheckpoints(library.db, id).map(({ nimg }) => nimg),
    listLog(library.db, id, 100).map(({ text }) => text),
    listSamples(library.db, { runId: id, origin: null, limit: 10 }).map(({ nimg }) => nimg),
  ];
  expect(written(runId)).toEqual(written(undisturbed));
});
