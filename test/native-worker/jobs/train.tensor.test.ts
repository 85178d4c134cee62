import { createHash } from 'node:crypto';
import fs, { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { blockNames, planNetwork, weightNames } from '../../../contract/architecture.ts';
import { AppError } from '../../../contract/errors.ts';
import type { JobMessage, JobOutcome } from '../../../contract/job-messages.ts';
import type { RunConfig } from '../../../contract/training.ts';
import { deferred } from '../../../native-worker/cli/deferred.ts';
import { tf } from '../../../native-worker/engine/tensorflow.ts';
import type { Requested } from '../../../native-worker/jobs/context.ts';
import { readSnapshot } from '../../../native-worker/jobs/snapshot-file.ts';
import { disposeAll } from '../../../native-worker/jobs/tensor-files.ts';
import { runTrain } from '../../../native-worker/jobs/train.ts';
import { checkpointsToResume, listCheckpoints } from '../../../native-worker/store/checkpoints.ts';
import { datasetFile } from '../../../native-worker/store/datasets.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { listLog } from '../../../native-worker/store/log.ts';
import { readMagnitudes } from '../../../native-worker/store/magnitudes.ts';
import { checkpointPath, snapshotPath } from '../../../native-worker/store/paths.ts';
import { patiently } from '../../../native-worker/store/patience.ts';
import { getRun, setMicroBatch } from '../../../native-worker/store/runs.ts';
import { openSafetensors } from '../../../native-worker/store/safetensors.ts';
import { listSamples } from '../../../native-worker/store/samples.ts';
import { getSnapshot, listSnapshots } from '../../../native-worker/store/snapshots.ts';
import { readTicks } from '../../../native-worker/store/ticks.ts';
import { holdIndex } from '../../support/hold-index.ts';
import { makeContext, makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

let library: Library;
let datasetId: number;
let remove: () => void;

beforeEach(async () => {
  ({ library, datasetId, remove } = await makeLibrary());
});
afterEach(() => {
  vi.restoreAllMocks();
  remove();
});

/** Trains a run in this process until it ends or `request` says otherwise. */
async function train(
  runId: number,
  request?: (messages: readonly JobMessage[]) => Requested,
): Promise<{ outcome: JobOutcome; messages: JobMessage[] }> {
  const parameters = { kind: 'train', runId, engine: 'graph' } as const;
  const { context, messages } = await patiently(() => makeContext(library, parameters, request));
  return { outcome: await runTrain(context, parameters), messages };
}

/** What was asked between the nth step and the next. */
function afterSteps(steps: number, what: Requested): () => Requested {
  let asked = 0;
  return () => (asked++ < steps ? null : what);
}

const ticksOf = (runId: number) => readTicks(library.db, runId, { afterNimg: -1, maxPoints: 1000 });

/** Does something before a checkpoint file is opened to be written. */
function onOpeningCheckpoint(act: () => void | Promise<void>): void {
  const open = fs.promises.open;
  vi.spyOn(fs.promises, 'open').mockImplementation(async (path, flags, mode) => {
    if (String(path).includes('/checkpoints/.')) await act();
    return await open(path, flags, mode);
  });
}

/** Makes the newest checkpoint of a run one of an earlier version, which doesn't say of what masks are drawn. */
function forgetMasks(runId: number): void {
  const { file } = checkpointsToResume(library.db, runId)[0]!;
  const path = join(library.folder, file);
  const bytes = readFileSync(path);
  const from = bytes.indexOf(',"masks":"whole batch"');
  expect(from).toBeGreaterThan(0);
  bytes.fill(' ', from, from + ',"masks":"whole batch"'.length);
  writeFileSync(path, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  library.db.prepare('UPDATE checkpoints SET sha256 = ? WHERE file = ?').run(sha256, file);
}

/** Every tensor of a file, as bytes. */
function tensorsOf(file: string): Map<string, unknown> {
  const opened = openSafetensors(join(library.folder, file));
  try {
    return new Map([...opened.tensors.keys()].map((name) => [name, opened.read(name)]));
  } finally {
    opened.close();
  }
}

function lastState(runId: number): Map<string, unknown> {
  return tensorsOf(checkpointsToResume(library.db, runId)[0]!.file);
}

const newRun = (config: RunConfig): number => makeRun(library, datasetId, config);

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
    const weights = readMagnitudes(library.db, runId, 'weight', 100);
    expect(weights.layers).toEqual(weightNames(plan));
    expect(weights.nimg).toEqual(ticks.nimg);
    // Forced normalisation: the stored root mean square is 1/(1 + 1e-4).
    for (const row of weights.values) for (const value of row) expect(value).toBeCloseTo(0.9999, 4);
    const activations = readMagnitudes(library.db, runId, 'activation', 100);
    expect(activations.layers).toEqual(blockNames(plan));
    for (const row of activations.values) for (const value of row) expect(value).toBeGreaterThan(0.1);

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

  test('waits for a checkpoint to be written where there is no memory for a second state', async () => {
    const runId = newRun(tinyConfig());
    vi.spyOn(process, 'constrainedMemory').mockReturnValue(1);
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

describe('a run that is interrupted', () => {
  // 7 steps of 4 images: in the middle of the second tick, which the checkpoint must carry over.
  test.each([
    [4, 'fp32'],
    [7, 'fp32'],
    [8, 'fp32'],
    [7, 'bf16'],
  ] as const)(
    'goes on after a pause at step %i in %s to the same losses and the same weights, bit for bit',
    async (steps, precision) => {
      const straight = newRun(tinyConfig({ precision }));
      await train(straight);
      const paused = newRun(tinyConfig({ precision }));
      expect((await train(paused, afterSteps(steps, 'pause'))).outcome).toEqual({ kind: 'paused' });
      expect(getRun(library.db, paused).nimg).toBe(steps * 4);
      expect(listSnapshots(library.db, paused).at(-1)!.nimg).toBe(steps * 4);
      expect((await train(paused)).outcome).toEqual({ kind: 'finished' });

      expect(ticksOf(paused).nimg).toEqual(ticksOf(straight).nimg);
      expect(ticksOf(paused).loss).toEqual(ticksOf(straight).loss);
      expect(ticksOf(paused).lossStderr).toEqual(ticksOf(straight).lossStderr);
      expect(lastState(paused)).toEqual(lastState(straight));
      const magnitudes = (runId: number) => readMagnitudes(library.db, runId, 'activation', 100).values;
      expect(magnitudes(paused)).toEqual(magnitudes(straight));
    },
  );

  describe('inside a step of four micro-batches', () => {
    const config = (change: Partial<RunConfig['training']> = {}): RunConfig => tinyConfig({ microBatch: 1, ...change });
    /** After so many steps and micro-batches: the job asks before each step and after each part but the last. */
    const inStep = (steps: number, part: number, what: Requested): (() => Requested) =>
      afterSteps(steps * 4 + part, what);
    /** A machine on which a micro-batch takes half a minute. */
    const slowly = (): void => {
      let clock = 0;
      vi.spyOn(performance, 'now').mockImplementation(() => (clock += 30_000));
    };

    test('and is paused or killed after any of them takes the step again, bit for bit as undisturbed', async () => {
      const straight = newRun(config());
      await train(straight);
      const runId = newRun(config());
      for (const part of [1, 2, 3]) {
        slowly();
        const { outcome, messages } = await train(runId, inStep(2, part, 'pause'));
        vi.restoreAllMocks();
        expect(outcome).toEqual({ kind: 'paused' });
        expect(getRun(library.db, runId).nimg).toBe(part * 2 * 4);
        expect(listLog(library.db, runId, 20).map(({ text }) => text)).toContain(
          `A step was under way: ${part} of its 4 micro-batches are dropped. It is taken whole when the run goes on.`,
        );
        const told = messages.flatMap((message) => (message.type === 'progress' ? [message.progress] : []));
        expect(told).toContainEqual({ done: 1, total: 4, unit: 'micro-batches', text: 'Taking a step' });
      }
      const crash = inStep(1, 2, 'stop');
      await expect(
        train(runId, () => {
          if (crash() !== null) throw new Error('crash');
          return null;
        }),
      ).rejects.toThrow('crash');
      expect((await train(runId)).outcome).toEqual({ kind: 'finished' });
      expect(ticksOf(runId).loss).toEqual(ticksOf(straight).loss);
      expect(lastState(runId)).toEqual(lastState(straight));
    });

    test('waits for the end of the step if that is near', async () => {
      const runId = newRun(config());
      expect((await train(runId, inStep(1, 1, 'pause'))).outcome).toEqual({ kind: 'paused' });
      expect(getRun(library.db, runId).nimg).toBe(2 * 4);
    });

    test('hears of a pause before its first step is done', async () => {
      const runId = newRun(config());
      slowly();
      const { outcome, messages } = await train(runId, afterSteps(1, 'pause'));
      expect(outcome).toEqual({ kind: 'paused' });
      expect(messages.map(({ type }) => type)).toContain('stepping');
      expect(getRun(library.db, runId).nimg).toBe(0);
    });

    test('may go on in other micro-batches, with the same result within rounding', async () => {
      const straight = newRun(config({ microBatch: null }));
      await train(straight);
      const runId = newRun(config({ microBatch: null }));
      await train(runId, afterSteps(7, 'pause'));
      setMicroBatch(library.db, runId, 2);
      await train(runId);
      expect(getRun(library.db, runId).microBatch).toBe(2);
      expect(getRun(library.db, runId).config.training.microBatch).toBeNull();
      expect(listLog(library.db, runId, 10).map(({ text }) => text)).toContain(
        'Training goes on at 28 images, in 2 micro-batches of 2 images.',
      );
      const expected = ticksOf(straight).loss;
      ticksOf(runId).loss.forEach((loss, index) => expect(loss).toBeCloseTo(expected[index]!, 3));
    });
  });

  test('and was begun when dropout masks depended on the micro-batch says that they no longer do', async () => {
    const says = async (dropout: number, microBatch: number | null, earlier: boolean): Promise<boolean> => {
      const tiny = tinyConfig({ microBatch });
      const runId = newRun({ ...tiny, network: { ...tiny.network, dropout } });
      await train(runId, afterSteps(8, 'pause'));
      if (earlier) forgetMasks(runId);
      await train(runId, afterSteps(0, 'pause'));
      return listLog(library.db, runId, 10).some(({ text }) => text.startsWith('Dropout masks no longer depend'));
    };
    expect(await says(0.1, 2, true)).toBe(true);
    expect(await says(0.1, 2, false)).toBe(false);
    expect(await says(0.1, null, true)).toBe(false);
    expect(await says(0, 2, true)).toBe(false);
  });

  test('that is stopped ends with a last snapshot and a checkpoint', async () => {
    const runId = newRun(tinyConfig());
    expect((await train(runId, afterSteps(3, 'stop'))).outcome).toEqual({ kind: 'stopped' });
    expect(listSnapshots(library.db, runId).map(({ nimg }) => nimg)).toEqual([12, 12]);
    expect(listCheckpoints(library.db, runId).map(({ nimg }) => nimg)).toEqual([12]);
  });

  test('and lost ticks after its checkpoint draws no zigzag', async () => {
    const straight = newRun(tinyConfig());
    await train(straight);
    const runId = newRun(tinyConfig());
    // A crash between the tick at 48 and the next checkpoint: only the one at 32 is there to go on from.
    await expect(
      train(runId, (messages) => {
        if (messages.filter(({ type }) => type === 'ticked').length === 3) throw new Error('crash');
        return null;
      }),
    ).rejects.toThrow('crash');
    expect(ticksOf(runId).nimg).toEqual([16, 32, 48]);
    await train(runId);
    expect(ticksOf(runId).nimg).toEqual([16, 32, 48, 64]);
    expect(ticksOf(runId).loss).toEqual(ticksOf(straight).loss);
    expect(listLog(library.db, runId, 10).map(({ text }) => text)).toContain(
      '16 images after the last checkpoint are trained again.',
    );
  });

  test('goes on from the checkpoint before if the newest is damaged, and says so', async () => {
    const runId = newRun(tinyConfig({}, { checkpointImages: 16 }));
    await train(runId, afterSteps(9, 'pause'));
    expect(listCheckpoints(library.db, runId).map(({ nimg }) => nimg)).toEqual([32, 36]);
    writeFileSync(join(library.folder, checkpointPath(runId, 36)), 'not a tensor file at all');
    expect((await train(runId)).outcome).toEqual({ kind: 'finished' });
    expect(ticksOf(runId).nimg).toEqual([16, 32, 48, 64]);
    const warning = listLog(library.db, runId, 20).find(({ level }) => level === 'warn');
    expect(warning?.text).toContain('The checkpoint of 36 images');
  });
});

describe('a run whose files are damaged', () => {
  const path = (file: string): string => join(library.folder, file);
  /** One bit of a file of the library is another. */
  const flipBit = (file: string): void => {
    const bytes = readFileSync(path(file));
    bytes[bytes.length - 40]! ^= 1; // somewhere in its last tensor
    writeFileSync(path(file), bytes);
  };
  const warnings = (runId: number): string[] =>
    listLog(library.db, runId, 20)
      .filter(({ level }) => level === 'warn')
      .map(({ text }) => text);

  test('goes on from the checkpoint before if one bit of the newest is another', async () => {
    const straight = newRun(tinyConfig());
    await train(straight);
    const runId = newRun(tinyConfig({}, { checkpointImages: 16 }));
    await train(runId, afterSteps(9, 'pause'));
    flipBit(checkpointPath(runId, 36));
    expect((await train(runId)).outcome).toEqual({ kind: 'finished' });
    expect(warnings(runId)).toEqual([
      expect.stringMatching(
        /^The checkpoint of 36 images can't be read .* its content is not what was written/,
      ) as string,
    ]);
    expect(ticksOf(runId).loss).toEqual(ticksOf(straight).loss);
  });

  test('goes on from the checkpoint before if the newest holds a NaN, whole as the file is', async () => {
    const runId = newRun(tinyConfig({}, { checkpointImages: 16 }));
    await train(runId, afterSteps(9, 'pause'));
    const newest = checkpointsToResume(library.db, runId)[0]!;
    const bytes = readFileSync(path(newest.file));
    bytes.writeFloatLE(NaN, bytes.length - 40);
    writeFileSync(path(newest.file), bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    library.db.prepare('UPDATE checkpoints SET sha256 = ? WHERE id = ?').run(sha256, newest.id);
    expect((await train(runId)).outcome).toEqual({ kind: 'finished' });
    expect(warnings(runId)).toEqual([expect.stringContaining('holds numbers that are not finite') as string]);
    expect(ticksOf(runId).nimg).toEqual([16, 32, 48, 64]);
  });

  test('starts anew without a readable checkpoint, keeps those that it writes, and can be interrupted again', async () => {
    const runId = newRun(tinyConfig({}, { checkpointImages: 16 }));
    await train(runId, afterSteps(13, 'pause'));
    for (const { file } of checkpointsToResume(library.db, runId)) flipBit(file);
    await expect(
      train(runId, (messages) => {
        if (messages.filter(({ type }) => type === 'ticked').length === 2) throw new Error('crash');
        return null;
      }),
    ).rejects.toThrow('crash');
    expect(checkpointsToResume(library.db, runId).map(({ nimg }) => nimg)).toEqual([32, 16]);
    const { messages } = await train(runId);
    expect(messages).toContainEqual({ type: 'rewound', nimg: 32 });
    expect(readdirSync(path(`files/runs/${runId}/checkpoints`)).sort()).toEqual([
      '000000000048.safetensors',
      '000000000064.safetensors',
    ]);
  });

  test('is refused where its dataset is no longer what was imported', async () => {
    const runId = newRun(tinyConfig());
    flipBit(datasetFile(library.db, datasetId));
    await expect(train(runId)).rejects.toMatchObject({
      code: 'corrupt-file',
      message: expect.stringContaining('its content is not what was written') as string,
    });
  });

  test('draws with no snapshot that is not what was written', async () => {
    const runId = newRun(tinyConfig());
    await train(runId, afterSteps(3, 'stop'));
    const { file, sha256 } = getSnapshot(library.db, listSnapshots(library.db, runId)[0]!.id);
    flipBit(file);
    expect(() => readSnapshot(path(file), sha256)).toThrow(/its content is not what was written/);
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
    const images = Number(/after (\d+) images/.exec((failure as AppError).message)?.[1]);
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
    await expect(runTrain(makeContext(library, parameters).context, parameters)).rejects.toThrow(/only fp32/);
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
