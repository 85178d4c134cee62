import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '../../../contract/errors.ts';
import { momentOf, recipesAt } from '../../../contract/recipe.ts';
import { tickColumns, type Tick } from '../../../contract/ticks.ts';
import {
  checkpointsToResume,
  forgetOldCheckpoints,
  insertCheckpoint,
} from '../../../native-worker/store/checkpoints.ts';
import { rewindRun } from '../../../native-worker/store/history.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { insertLog, listLog } from '../../../native-worker/store/log.ts';
import { insertDynamics, readDynamics } from '../../../native-worker/store/dynamics.ts';
import { findModel, recipeSource } from '../../../native-worker/store/models.ts';
import { checkpointPath, snapshotPath } from '../../../native-worker/store/paths.ts';
import {
  deleteRunRows,
  editRun,
  getRun,
  getRunSummary,
  listRuns,
  measuredSpeeds,
  setRunState,
  setRunTrashed,
} from '../../../native-worker/store/runs.ts';
import { getSample, insertSample, listSamples, type NewSample } from '../../../native-worker/store/samples.ts';
import { insertReconstruction, listReconstructions } from '../../../native-worker/store/reconstructions.ts';
import { insertSnapshot, listSnapshots } from '../../../native-worker/store/snapshots.ts';
import { insertTick, readTicks } from '../../../native-worker/store/ticks.ts';
import { exampleTick } from '../../support/ticks.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/** What a run writes down, and what is read of it. */

let library: Library;
let datasetId: number;
let remove: () => void;
let runId: number;
beforeEach(async () => {
  ({ library, datasetId, remove } = await makeLibrary());
  runId = makeRun(library, datasetId, tinyConfig());
});
afterEach(() => remove());

function tick(nimg: number, loss: number, change: Partial<Tick> = {}): void {
  insertTick(library.db, runId, exampleTick(nimg, { loss, ...change }));
}

const all = { afterNimg: -1, maxPoints: 20_000 };

test('a run comes back as it was stored', () => {
  const run = getRun(library.db, runId);
  expect(run.config).toEqual(tinyConfig());
  expect(run).toMatchObject({
    state: 'queued',
    nimg: 0,
    lastLoss: null,
    datasetName: 'brightness',
    tags: [],
    device: null,
  });
  expect(run.shape).toEqual({ resolution: 16, channels: 3, labelDim: 2 });
});

test('ticks move the run on, and the newest shows in its summary', () => {
  tick(16, 0.9);
  tick(32, 0.5);
  expect(getRunSummary(library.db, runId)).toMatchObject({ nimg: 32, lastLoss: 0.5, imagesPerSecond: 10 });
  expect(readTicks(library.db, runId, all).nimg).toEqual([16, 32]);
  expect(readTicks(library.db, runId, { afterNimg: 16, maxPoints: 10 }).nimg).toEqual([32]);
});

test('every value of a tick comes back in its own column', () => {
  const ticks = [16, 32].map((nimg) => exampleTick(nimg));
  for (const one of ticks) insertTick(library.db, runId, one);
  expect(readTicks(library.db, runId, all)).toEqual(tickColumns(ticks));
  expect(Object.keys(readTicks(library.db, runId, all))).toEqual(Object.keys(ticks[0]!));
});

test.each([NaN, Infinity, -Infinity])('a loss of %f is kept as "not finite"', (loss) => {
  tick(16, loss, { lossStderr: NaN });
  expect(readTicks(library.db, runId, all)).toMatchObject({ loss: [null], lossStderr: [null] });
});

test('a learning rate that is not a number is refused, not stored', () => {
  expect(() => tick(16, 1, { learningRate: NaN })).toThrow(/NOT NULL/);
  expect(readTicks(library.db, runId, all).nimg).toEqual([]);
  expect(getRunSummary(library.db, runId).nimg).toBe(0); // the transaction was undone as a whole
});

test('thinned ticks keep first, last, every spike and what is not finite', () => {
  const count = 5000;
  library.db.transaction(() => {
    for (let i = 1; i <= count; i++) {
      tick(i * 100, i === 1234 ? 99 : i === 2345 ? -99 : i === 3456 ? NaN : Math.sin(i));
    }
  })();
  const ticks = readTicks(library.db, runId, { afterNimg: -1, maxPoints: 200 });
  expect(ticks.nimg.length).toBeLessThanOrEqual(202);
  expect(ticks.nimg.length).toBeGreaterThan(150);
  expect(ticks.nimg[0]).toBe(100);
  expect(ticks.nimg.at(-1)).toBe(count * 100);
  expect(ticks.nimg).toEqual([...ticks.nimg].sort((a, b) => a - b));
  expect(ticks.loss[ticks.nimg.indexOf(123_400)]).toBe(99);
  expect(ticks.loss[ticks.nimg.indexOf(234_500)]).toBe(-99);
  expect(ticks.loss[ticks.nimg.indexOf(345_600)]).toBeNull();
});

test('with 100,000 ticks lists and thinned curves are still quick', () => {
  const insert = library.db.prepare(
    `INSERT INTO ticks (run_id, nimg, at, train_seconds, loss, learning_rate, memory_bytes) VALUES (?, ?, 0, 0, ?, 0, 0)`,
  );
  library.db.transaction(() => {
    for (let i = 1; i <= 100_000; i++) insert.run(runId, i * 64, 1 / i);
  })();
  const start = performance.now();
  expect(listRuns(library.db, { trashed: false })[0]!.lastLoss).toBe(1 / 100_000);
  const listed = performance.now();
  expect(readTicks(library.db, runId, { afterNimg: -1, maxPoints: 4000 }).nimg.length).toBeLessThanOrEqual(4002);
  const read = performance.now();
  expect(listed - start).toBeLessThan(50); // by index: well under 1 ms on an idle machine
  expect(read - listed).toBeLessThan(1500); // measured about 150 ms on an idle machine
});

test('magnitudes come back as a table of layers and moments, with null where they were not finite', () => {
  const layers = ['unet.enc.a', 'unet.enc.b'];
  insertDynamics(library.db, runId, 'weight', 16, layers, Float32Array.of(1, 0.5));
  insertDynamics(library.db, runId, 'weight', 32, layers, Float32Array.of(NaN, Infinity));
  expect(readDynamics(library.db, runId, 'weight', { maxColumns: 100 })).toEqual({
    kind: 'weight',
    layers,
    nimg: [16, 32],
    values: [
      [1, null],
      [0.5, null],
    ],
  });
  expect(readDynamics(library.db, runId, 'activation', { maxColumns: 100 })).toEqual({
    kind: 'activation',
    layers: [],
    nimg: [],
    values: [],
  });
});

test('magnitudes that do not fit their layers are refused', () => {
  insertDynamics(library.db, runId, 'weight', 16, ['a', 'b'], Float32Array.of(1, 2));
  expect(() => insertDynamics(library.db, runId, 'weight', 32, ['a', 'b'], Float32Array.of(1))).toThrow(AppError);
  expect(() => insertDynamics(library.db, runId, 'weight', 32, ['a', 'c'], Float32Array.of(1, 2))).toThrow(AppError);
});

test('a blob of the wrong size is an error, not a wrong picture', () => {
  insertDynamics(library.db, runId, 'weight', 16, ['a', 'b'], Float32Array.of(1, 2));
  library.db.prepare('UPDATE dynamics SET numbers = zeroblob(4)').run();
  expect(() => readDynamics(library.db, runId, 'weight', { maxColumns: 100 })).toThrow(/damaged/);
});

test('more moments than asked for are thinned evenly, first and last included', () => {
  for (let i = 0; i <= 100; i++) insertDynamics(library.db, runId, 'weight', i, ['a'], Float32Array.of(i));
  const { nimg, values } = readDynamics(library.db, runId, 'weight', { maxColumns: 11 });
  expect(nimg).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  expect(values[0]).toEqual(nimg);
});

function grid(nimg: number, part: Partial<NewSample> = {}): number {
  return insertSample(library.db, {
    runId,
    origin: 'grid',
    nimg,
    sigmaRel: 0.1,
    snapshotId: null,
    model: null,
    seeds: [1, 2],
    labels: [0, null],
    columns: 2,
    resolution: 16,
    sampler: { steps: 3, sigmaMin: 0.002, sigmaMax: 80, rho: 7 },
    guidance: null,
    precision: 'fp32',
    file: `files/runs/${runId}/samples/${nimg}.png`,
    seconds: 1,
    ...part,
  });
}

test('a sheet keeps what guided it, its precision and its churn', () => {
  const guidance = {
    guide: { kind: 'snapshot', snapshotId: 9 },
    strength: 2.1,
    runId,
    nimg: 16,
    sigmaRel: 0.07,
  } as const;
  const sampler = { steps: 3, sigmaMin: 0.002, sigmaMax: 80, rho: 7, churn: { amount: 40, min: 0, max: 50, noise: 1 } };
  const id = grid(48, { origin: 'generate', guidance, sampler, precision: 'bf16' });
  expect(getSample(library.db, id)).toMatchObject({ guidance, sampler, precision: 'bf16' });
  expect(getSample(library.db, grid(64))).toMatchObject({ guidance: null, precision: 'fp32' });
});

test('history after the checkpoint a run goes on from no longer counts, and the new history takes its place', () => {
  for (const nimg of [16, 32, 48]) {
    tick(nimg, nimg);
    insertDynamics(library.db, runId, 'weight', nimg, ['a'], Float32Array.of(nimg));
    grid(nimg);
  }
  rewindRun(library.db, runId, 16);
  expect(getRun(library.db, runId).resumes).toEqual([16]);
  expect(readTicks(library.db, runId, all).nimg).toEqual([16]);
  expect(readDynamics(library.db, runId, 'weight', { maxColumns: 100 }).nimg).toEqual([16]);
  expect(listSamples(library.db, { runId, origin: null, limit: 10 }).map(({ nimg }) => nimg)).toEqual([16]);
  expect(getRunSummary(library.db, runId)).toMatchObject({ nimg: 16, lastLoss: 16 });
  tick(32, 1);
  rewindRun(library.db, runId, 16); // twice at the same place: no clash with what the first rewind left
  tick(32, 2);
  expect(readTicks(library.db, runId, all)).toMatchObject({ nimg: [16, 32], loss: [16, 2] });
  expect(library.db.prepare('SELECT count(*) FROM ticks').pluck().get()).toBe(5); // nothing was deleted
});

test('a snapshot that a resumed run writes again replaces the old row and keeps its id', () => {
  const one = { runId, nimg: 16, sigmaRel: 0.05, file: snapshotPath(runId, 16, 0.05), sizeBytes: 1, sha256: 'a' };
  const id = insertSnapshot(library.db, one);
  expect(insertSnapshot(library.db, { ...one, sha256: 'b' })).toBe(id);
  expect(insertSnapshot(library.db, { ...one, sigmaRel: 0.1 })).not.toBe(id);
  expect(listSnapshots(library.db, runId).map(({ sha256 }) => sha256)).toEqual(['b', 'a']);
});

test('lengths that differ in the fourth digit get files of their own', () => {
  expect(snapshotPath(1, 2, 0.1)).toBe('files/runs/1/snapshots/000000000002-0.100.safetensors');
  expect(snapshotPath(1, 2, 0.1001)).not.toBe(snapshotPath(1, 2, 0.1));
});

test('only the newest checkpoints are remembered', () => {
  for (const nimg of [16, 32, 48]) {
    insertCheckpoint(library.db, { runId, nimg, file: checkpointPath(runId, nimg), sizeBytes: 1, sha256: '' });
  }
  expect(forgetOldCheckpoints(library.db, runId, 2)).toEqual([checkpointPath(runId, 16)]);
  expect(checkpointsToResume(library.db, runId).map(({ nimg }) => nimg)).toEqual([48, 32]);
});

test('checkpoints stay by when they were written, and damaged ones go when there are enough that can be read', () => {
  const write = (nimg: number): number =>
    insertCheckpoint(library.db, { runId, nimg, file: checkpointPath(runId, nimg), sizeBytes: 1, sha256: '' });
  const forget = (): string[] => forgetOldCheckpoints(library.db, runId, 2);
  const resumable = (): number[] => checkpointsToResume(library.db, runId).map(({ nimg }) => nimg);
  write(320);
  write(640);
  rewindRun(library.db, runId, 0); // neither could be read
  expect(resumable()).toEqual([]);
  write(32);
  expect(forget()).toEqual([]); // somebody may yet mend them
  expect(resumable()).toEqual([32]);
  write(64);
  expect(forget().sort()).toEqual([checkpointPath(runId, 320), checkpointPath(runId, 640)]);
  expect(resumable()).toEqual([64, 32]);
});

test('a checkpoint that is written again counts again, as the newest', () => {
  for (const nimg of [32, 64])
    insertCheckpoint(library.db, { runId, nimg, file: checkpointPath(runId, nimg), sizeBytes: 1, sha256: '' }, 10);
  rewindRun(library.db, runId, 32);
  insertCheckpoint(library.db, { runId, nimg: 64, file: checkpointPath(runId, 64), sizeBytes: 2, sha256: '' }, 5);
  expect(checkpointsToResume(library.db, runId)).toMatchObject([{ nimg: 64, sizeBytes: 2 }, { nimg: 32 }]);
});

/** What a run has at some moments: averages, and what was made of them. */
function averages(...moments: number[]): void {
  for (const nimg of moments) {
    const file = snapshotPath(runId, nimg, 0.1);
    const snapshotId = insertSnapshot(library.db, { runId, nimg, sigmaRel: 0.1, file, sizeBytes: 1, sha256: '' });
    const model = { kind: 'snapshot', snapshotId } as const;
    grid(nimg);
    grid(nimg, { origin: 'generate', snapshotId, model });
    const made = { sigmaRel: 0.15, error: 0.1, terms: [], name: `at ${nimg}`, file, sizeBytes: 1, sha256: '' };
    insertReconstruction(library.db, { runId, jobId: null, nimg, ...made });
  }
}

const momentsOf = {
  snapshots: () => listSnapshots(library.db, runId).map(({ nimg }) => nimg),
  grids: () => listSamples(library.db, { runId, origin: 'grid', limit: 10 }).map(({ nimg }) => nimg),
  sheets: () => listSamples(library.db, { runId, origin: 'generate', limit: 10 }).map(({ nimg }) => nimg),
  reconstructions: () => listReconstructions(library.db, runId).map(({ nimg }) => nimg),
};

test('what a run has undone counts nowhere: snapshots, grids, sheets, reconstructions, recipes', () => {
  averages(400, 800, 1200, 1600);
  const undone = listSnapshots(library.db, runId).at(-1)!.id;
  rewindRun(library.db, runId, 1000);
  averages(1008); // it is stopped there
  for (const moments of Object.values(momentsOf)) expect(moments()).toEqual([400, 800, 1008]);
  const source = recipeSource(library.db, runId);
  expect(momentOf(source.name, source.snapshots, null)).toBe(1008);
  expect(recipesAt(source, null)(0.12).terms.map(({ nimg }) => nimg)).toEqual([400, 800, 1008]);
  expect(() => recipesAt(source, 1600)).toThrow(/has no snapshot at 1,600 images; its last one is at 1,008 images/);
  expect(() => findModel(library.db, { kind: 'snapshot', snapshotId: undone })).toThrow(
    /The average at 1,600 images is no longer part of "test"/,
  );
  expect(library.db.prepare('SELECT count(*) FROM snapshots').pluck().get()).toBe(5); // nothing was deleted
});

test('when a run comes by a moment again its snapshot counts again, and what was made of it', () => {
  averages(400, 800);
  const [, second] = listSnapshots(library.db, runId);
  rewindRun(library.db, runId, 500);
  expect(momentsOf.snapshots()).toEqual([400]);
  insertSnapshot(library.db, { ...second!, file: snapshotPath(runId, 800, 0.1), sha256: 'new' });
  expect(listSnapshots(library.db, runId)[1]).toMatchObject({ id: second!.id, nimg: 800, sha256: 'new' });
  expect(momentsOf.sheets()).toEqual([400, 800]);
  expect(momentsOf.reconstructions()).toEqual([400, 800]);
  expect(findModel(library.db, { kind: 'snapshot', snapshotId: second!.id })).toMatchObject({ nimg: 800 });
});

test('the log gives the newest lines, newest last', () => {
  for (const text of ['a', 'b', 'c']) insertLog(library.db, { runId, nimg: 1, level: 'info', text });
  expect(listLog(library.db, runId, 2).map(({ text }) => text)).toEqual(['b', 'c']);
});

test('an edit changes what it names and nothing else', () => {
  editRun(library.db, runId, { tags: ['one', 'one', 'two'] });
  editRun(library.db, runId, { notes: 'hello' });
  expect(getRunSummary(library.db, runId)).toMatchObject({ name: 'test', notes: 'hello', tags: ['one', 'two'] });
});

test('a run in the trash is in the other list', () => {
  setRunTrashed(library.db, runId, 5);
  expect(listRuns(library.db, { trashed: false })).toEqual([]);
  expect(listRuns(library.db, { trashed: true }).map(({ id }) => id)).toEqual([runId]);
});

test('starting again keeps the first start, and forgets the end', () => {
  setRunState(library.db, runId, 'running', null, 10);
  setRunState(library.db, runId, 'failed', 'why', 20);
  expect(getRunSummary(library.db, runId)).toMatchObject({ error: 'why', startedAt: 10, endedAt: 20 });
  setRunState(library.db, runId, 'running', null, 30);
  expect(getRunSummary(library.db, runId)).toMatchObject({ error: null, startedAt: 10, endedAt: null });
});

test('a deleted run takes all its rows with it, and its id is never given again', () => {
  tick(16, 1);
  grid(16);
  insertDynamics(library.db, runId, 'weight', 16, ['a'], Float32Array.of(1));
  deleteRunRows(library.db, runId);
  for (const table of ['ticks', 'samples', 'dynamics', 'dynamics_rows']) {
    expect(library.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get()).toBe(0);
  }
  expect(makeRun(library, datasetId, tinyConfig())).toBe(runId + 1);
});

test('speeds are those of the newest tick that has one, newest run first', () => {
  expect(measuredSpeeds(library.db, 10)).toEqual([]);
  const config = { ...tinyConfig(), preset: 'demo' };
  for (const speed of [20, 50]) {
    runId = makeRun(library, datasetId, config);
    tick(16, 1, { imagesPerSecond: 40 });
    tick(32, 1, { imagesPerSecond: speed });
    tick(48, 1, { imagesPerSecond: null });
  }
  const shape = { resolution: 16, channels: 3, labelDim: 2 };
  expect(measuredSpeeds(library.db, 10)).toEqual([
    { config, microBatch: null, shape, imagesPerSecond: 50 },
    { config, microBatch: null, shape, imagesPerSecond: 20 },
  ]);
  expect(measuredSpeeds(library.db, 1)).toHaveLength(1);
});
