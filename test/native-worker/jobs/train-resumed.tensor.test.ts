import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { DynamicsKind } from '../../../contract/dynamics.ts';
import { climb, type RungName } from '../../../contract/ladder.ts';
import type { RunConfig } from '../../../contract/training.ts';
import type { Requested } from '../../../native-worker/jobs/context.ts';
import { GraphSession } from '../../../native-worker/engine/session/graph-session.ts';
import { readSnapshot } from '../../../native-worker/jobs/snapshot-file.ts';
import { checkpointsToResume, listCheckpoints } from '../../../native-worker/store/checkpoints.ts';
import { datasetFile } from '../../../native-worker/store/datasets.ts';
import { listLog } from '../../../native-worker/store/log.ts';
import { readDynamics } from '../../../native-worker/store/dynamics.ts';
import { checkpointPath } from '../../../native-worker/store/paths.ts';
import { getRun, setDevices, setMicroBatch } from '../../../native-worker/store/runs.ts';
import { getSnapshot, listSnapshots } from '../../../native-worker/store/snapshots.ts';
import { tinyConfig } from '../../support/training-library.ts';
import {
  eachInItsLibrary,
  afterSteps,
  datasetId,
  forgetMasks,
  lastState,
  library,
  newRun,
  ticksOf,
  train,
} from '../../support/train-here.ts';

eachInItsLibrary();

/** Kinds of which config A has nothing. */
const NOT_IN_A = new Set<DynamicsKind>(['gain', 'clipped', 'noise-u']);

/** When a kind is recorded that is not with each tick: with each grid, or each validation, and at the end. */
function momentsOf(kind: DynamicsKind): number[] | null {
  if (kind.startsWith('average-')) return [48, 64];
  return kind.startsWith('validation') ? [24, 48, 64] : null;
}

describe('a run that is interrupted', () => {
  // 7 steps of 4 images: in the middle of the second tick, which the checkpoint must carry over.
  test.each([
    [4, 'fp32'],
    [7, 'fp32'],
    [8, 'fp32'],
    [7, 'bf16'],
    [7, 'fp32', 'A'],
  ] as const)(
    'goes on after a pause at step %i in %s to the same losses and the same weights, bit for bit',
    async (steps, precision, rung: RungName = 'G') => {
      const config = climb(tinyConfig({ precision }, { sampleImages: 48, validationImages: 24 }), rung);
      const straight = newRun(config);
      await train(straight);
      const paused = newRun(config);
      // Validation at 24 images asks, too, after each network on both kinds of pictures.
      const asked = steps * 4 > 24 ? 2 * (1 + config.training.sigmaRels.length) : 0;
      expect((await train(paused, afterSteps(steps + asked, 'pause'))).outcome).toEqual({ kind: 'paused' });
      expect(getRun(library.db, paused).nimg).toBe(steps * 4);
      expect(listSnapshots(library.db, paused).at(-1)!.nimg).toBe(steps * 4);
      expect((await train(paused)).outcome).toEqual({ kind: 'finished' });

      expect(ticksOf(paused).nimg).toEqual(ticksOf(straight).nimg);
      expect(ticksOf(paused).loss).toEqual(ticksOf(straight).loss);
      expect(ticksOf(paused).lossStderr).toEqual(ticksOf(straight).lossStderr);
      expect(ticksOf(paused).weightedError).toEqual(ticksOf(straight).weightedError);
      expect(lastState(paused)).toEqual(lastState(straight));
      for (const kind of DynamicsKind.options) {
        const recorded = (runId: number) => readDynamics(library.db, runId, kind, { maxColumns: 100 });
        const moments = momentsOf(kind) ?? ticksOf(straight).nimg;
        if (!NOT_IN_A.has(kind) || rung === 'G') expect(recorded(paused).nimg, kind).toEqual(moments);
        expect(recorded(paused), kind).toEqual(recorded(straight));
      }
    },
  );

  test('goes on on two devices, and on one again, with the same rows and the same files', async () => {
    const config = tinyConfig();
    const straight = newRun(config);
    await train(straight);
    const moved = newRun(config);
    for (const devices of [null, ['cpu:0', 'cpu:1'], ['cpu:0']]) {
      setDevices(library.db, moved, devices);
      const last = devices?.length === 1;
      const { outcome } = await train(moved, last ? undefined : afterSteps(4, 'pause'));
      expect(outcome).toEqual({ kind: last ? 'finished' : 'paused' });
    }
    expect(listLog(library.db, moved, 20).map(({ text }) => text)).toContain(
      'Training goes on at 16 images, on cpu:0, cpu:1, 2 images of each batch a device.',
    );
    expect(ticksOf(moved).nimg).toEqual(ticksOf(straight).nimg);
    ticksOf(moved).loss.forEach((loss, at) => expect(loss).toBeCloseTo(ticksOf(straight).loss[at]!, 4));
    const files = (runId: number) =>
      listSnapshots(library.db, runId).map(({ nimg, sigmaRel, sizeBytes }) => [nimg, sigmaRel, sizeBytes]);
    for (const file of files(straight)) expect(files(moved)).toContainEqual(file); // and those of its pauses
    const [state, other] = [lastState(moved), lastState(straight)];
    expect([...state.keys()]).toEqual([...other.keys()]);
  });

  test('says at a checkpoint which device had come to other weights, and goes on with those of the first', async () => {
    const runId = newRun(tinyConfig());
    setDevices(library.db, runId, ['cpu:0', 'cpu:1']);
    vi.spyOn(GraphSession.prototype, 'differing').mockResolvedValueOnce([1]);
    const copying = vi.spyOn(GraphSession.prototype, 'copyFirstTo');
    expect((await train(runId, afterSteps(2, 'pause'))).outcome).toEqual({ kind: 'paused' });
    expect(copying.mock.calls).toEqual([[1]]);
    expect(listLog(library.db, runId, 20)).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        text: 'The weights on cpu:1 were not those on cpu:0: they are copied from there. If this comes again, leave the device out.',
      }),
    );
  });

  test('is not trained on the processor where it names cards', async () => {
    const runId = newRun(tinyConfig());
    setDevices(library.db, runId, ['gpu:0', 'gpu:1']);
    await expect(train(runId)).rejects.toMatchObject({
      code: 'runtime',
      message: expect.stringContaining('gpu:0 and gpu:1') as string,
    });
  });

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
