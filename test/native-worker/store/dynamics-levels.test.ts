import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DynamicsKind } from '../../../contract/dynamics.ts';
import type { DynamicsTable } from '../../../contract/dynamics-table.ts';
import { makeDynamicsLevels } from '../../../native-worker/store/dynamics-levels.ts';
import { insertDynamics, readDynamics, type DynamicsRange } from '../../../native-worker/store/dynamics.ts';
import { rewindRun } from '../../../native-worker/store/history.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

let library: Library;
let runId: number;
let remove: () => void;
beforeEach(async () => {
  const made = await makeLibrary();
  ({ library, remove } = made);
  runId = makeRun(library, made.datasetId, tinyConfig());
});
afterEach(() => remove());

const STEP = 64;
const ROWS = ['a', 'b', 'c'];

/** Moments as an earlier version wrote them, without levels: all numbers are 1. */
function fill(count: number, kind: DynamicsKind = 'weight'): void {
  ROWS.forEach((name, position) =>
    library.db.prepare('INSERT INTO dynamics_rows VALUES (?, ?, ?, ?)').run(runId, kind, position, name),
  );
  library.db
    .prepare(
      `WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < @count)
       INSERT INTO dynamics (run_id, kind, nimg, numbers) SELECT @runId, @kind, i * @step, @ones FROM number`,
    )
    .run({ runId, kind, count, step: STEP, ones: Buffer.from(Float32Array.of(1, 1, 1).buffer) });
}

function plant(at: number, numbers: number[], kind: DynamicsKind = 'weight'): void {
  library.db
    .prepare('UPDATE dynamics SET numbers = ? WHERE run_id = ? AND kind = ? AND nimg = ?')
    .run(Buffer.from(Float32Array.from(numbers).buffer), runId, kind, at * STEP);
}

function write(from: number, to: number, of = (i: number) => Math.sin(i * i)): void {
  library.db.transaction(() => {
    for (let i = from; i <= to; i++)
      insertDynamics(library.db, runId, 'weight', i * STEP, ROWS, Float32Array.of(of(i), of(i + 1), 1));
  })();
}

const read = (range: DynamicsRange, kind: DynamicsKind = 'weight'): DynamicsTable =>
  readDynamics(library.db, runId, kind, range);

const levels = (): unknown[] =>
  library.db
    .prepare(
      'SELECT level, nimg, ticks, hex(low) AS low, hex(high) AS high FROM dynamics_levels WHERE run_id = ? ORDER BY level, nimg',
    )
    .all(runId);

/** The levels as they are made of what counts now. */
async function levelsMadeAnew(): Promise<unknown[]> {
  library.db.exec('DELETE FROM dynamics_levels; DELETE FROM dynamics_level_ends');
  await makeDynamicsLevels(library.db, runId, 'weight');
  return levels();
}

/** What the column says that a moment lies in. */
function columnOf({ nimg, values, span }: DynamicsTable, moment: number, row: number) {
  const column = nimg.findIndex((end) => end >= moment);
  return [span?.low[row]![column] ?? values[row]![column]!, span ? span.high[row]![column]! : values[row]![column]!];
}

test('no spike of a row among very many ticks is lost, from whatever distance one looks', async () => {
  const count = 100_000;
  fill(count);
  const spikes = [
    { at: 31_416, numbers: [1, 50, 1], row: 1, shows: 50 },
    { at: 50_000, numbers: [Number.NaN, 1, 1], row: 0, shows: null },
    { at: 92_777, numbers: [1, 1, 0.0625], row: 2, shows: 0.0625 },
    { at: 99_983, numbers: [Infinity, 1, 1], row: 0, shows: null },
  ];
  for (const { at, numbers } of spikes) plant(at, numbers);
  await makeDynamicsLevels(library.db, runId, 'weight');
  for (const maxColumns of [60, 400, 2000]) {
    for (let span = count; span >= 20; span /= 7) {
      for (const { at, row, shows } of spikes) {
        const start = Math.max(0, Math.min(count - span, at - span / 3));
        const from = Math.floor(start) * STEP;
        const table = read({ afterNimg: from - 1, untilNimg: Math.ceil(start + span) * STEP, maxColumns });
        const { nimg } = table;
        expect(nimg.length).toBeLessThanOrEqual(maxColumns);
        expect(nimg).toEqual([...new Set(nimg)].sort((a, b) => a - b));
        const where = `${at}, ${span} ticks, ${maxColumns} columns`;
        expect(columnOf(table, at * STEP, row), where).toContain(shows);
      }
    }
  }
});

test('columns hold together all ticks of the stretch, and say the numbers of their last', async () => {
  fill(5000);
  await makeDynamicsLevels(library.db, runId, 'weight');
  const table = read({ afterNimg: 1000 * STEP, untilNimg: 4700 * STEP, maxColumns: 100 });
  expect([table.nimg[0], table.nimg.at(-1)]).toEqual([1001 * STEP, 4700 * STEP]);
  expect(table.nimg.length).toBeGreaterThan(45);
  expect(table.span!.ticks.reduce((sum, ticks) => sum + ticks, 0)).toBe(3700);
  plant(table.nimg[30]! / STEP, [3, 3, 3]);
  expect(read({ afterNimg: 1000 * STEP, untilNimg: 4700 * STEP, maxColumns: 100 }).values[0]![30]).toBe(3);
  const all = read({ afterNimg: 1000 * STEP, untilNimg: 1090 * STEP, maxColumns: 100 });
  expect([all.nimg.length, all.span]).toEqual([90, undefined]);
});

test('of many rows there are fewer columns, so that an answer stays small', () => {
  fill(300);
  expect(read({ maxColumns: 200, maxCells: 90 }).nimg).toHaveLength(30);
  expect(read({ maxColumns: 200, maxCells: 3 }).nimg).toHaveLength(10);
});

test('of some rows the same is read as of all, in their order, and all are named', () => {
  write(1, 5000);
  const [all, some] = [read({ maxColumns: 100 }), read({ maxColumns: 100, rows: ['c', 'of another run', 'b'] })];
  expect([some.layers, some.allLayers]).toEqual([['b', 'c'], ROWS]);
  expect([some.nimg, some.values, some.span]).toEqual([
    all.nimg,
    all.values.slice(1),
    { ...all.span, low: all.span!.low.slice(1), high: all.span!.high.slice(1) },
  ]);
  expect(read({ maxColumns: 100, rows: [] })).toMatchObject({
    layers: [],
    allLayers: ROWS,
    nimg: all.nimg,
    values: [],
  });
  expect(all.allLayers).toBeUndefined();
});

test('at noise levels a moment without images hides none with', async () => {
  fill(5000, 'noise-loss');
  plant(2500, [Number.NaN, 7, 1], 'noise-loss');
  await makeDynamicsLevels(library.db, runId, 'noise-loss');
  const table = read({ maxColumns: 50 }, 'noise-loss');
  expect(columnOf(table, 2500 * STEP, 0)).toEqual([1, 1]);
  expect(columnOf(table, 2500 * STEP, 1)).toEqual([1, 7]);
});

test('levels that grow with the run are those that are made of it later', async () => {
  write(1, 5000);
  const grown = levels();
  expect(grown.length).toBeGreaterThan(5000 / 8);
  expect(await levelsMadeAnew()).toEqual(grown);
});

test('levels forget what is undone or written again, and hold what takes its place', async () => {
  write(1, 5000);
  rewindRun(library.db, runId, 2999 * STEP);
  write(3000, 9000, Math.cos);
  write(9000, 9000, () => 5);
  const grown = levels();
  expect(await levelsMadeAnew()).toEqual(grown);
  expect(read({ maxColumns: 20 }).span!.high[0]!.at(-1)).toBe(5);
  rewindRun(library.db, runId, 0);
  expect(levels()).toEqual([]);
});

test('a run of few ticks has no levels, and loses them with its rows', async () => {
  fill(1000);
  await makeDynamicsLevels(library.db, runId, 'weight');
  expect(levels()).toEqual([]);
  expect(read({ maxColumns: 100 }).nimg.length).toBeLessThanOrEqual(100);
  library.db.exec('DELETE FROM dynamics');
  write(1, 200);
  expect(levels().length).toBeGreaterThan(0);
  library.db.prepare('DELETE FROM runs WHERE id = ?').run(runId);
  expect(levels()).toEqual([]);
});
