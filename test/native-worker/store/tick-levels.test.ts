import { afterEach, beforeEach, expect, test } from 'vitest';
import { rewindRun } from '../../../native-worker/store/history.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { makeLevels } from '../../../native-worker/store/tick-levels.ts';
import { insertTick, readTicks } from '../../../native-worker/store/ticks.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';
import { exampleTick } from '../../support/ticks.ts';

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
/** Enough that levels are made of a run that has none. */
const MANY = 20_480;

/** Ticks as an earlier version wrote them: without levels. */
function fill(count: number): void {
  library.db
    .prepare(
      `WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < @count)
       INSERT INTO ticks (run_id, nimg, at, train_seconds, loss, weighted_error, learning_rate, images_per_second, memory_bytes)
       SELECT @runId, i * @step, 0, i, 1 + (i * 7919 % 1000) / 1e6, 2, 0.01, 100, 1 FROM number`,
    )
    .run({ runId, count, step: STEP });
}

function write(from: number, to: number, loss = (i: number) => Math.sin(i * i)): void {
  library.db.transaction(() => {
    for (let i = from; i <= to; i++) insertTick(library.db, runId, exampleTick(i * STEP, { loss: loss(i) }));
  })();
}

const levels = (): unknown[] =>
  library.db.prepare('SELECT level, nimg FROM tick_levels WHERE run_id = ? ORDER BY level, nimg').all(runId);

/** The levels as they are made of the ticks that count now. */
async function levelsMadeAnew(): Promise<unknown[]> {
  library.db.exec('DELETE FROM tick_levels; DELETE FROM tick_level_ends');
  await makeLevels(library.db, runId);
  return levels();
}

test('no spike among a million ticks is lost, from whatever distance one looks', async () => {
  const count = 1_000_000;
  fill(count);
  const spikes = [
    { at: 314_159, set: 'loss = 50', shows: ['loss', 50] },
    { at: 500_000, set: 'loss = NULL', shows: ['loss', null] },
    { at: 777_777, set: 'weighted_error = 0.001', shows: ['weightedError', 0.001] },
    { at: 999_983, set: 'images_per_second = 1', shows: ['imagesPerSecond', 1] },
  ] as const;
  for (const { at, set } of spikes) {
    library.db.prepare(`UPDATE ticks SET ${set} WHERE run_id = ? AND nimg = ?`).run(runId, at * STEP);
  }
  await makeLevels(library.db, runId);
  for (const maxPoints of [60, 1000, 4000]) {
    for (let span = count; span >= 10; span /= 7) {
      for (const { at, shows } of spikes) {
        const start = Math.max(0, Math.min(count - span, at - span / 3));
        const ticks = readTicks(library.db, runId, {
          afterNimg: Math.floor(start) * STEP - 1,
          untilNimg: Math.ceil(start + span) * STEP,
          maxPoints,
        });
        expect(ticks.nimg.length).toBeLessThanOrEqual(maxPoints);
        expect(ticks.nimg).toEqual([...new Set(ticks.nimg)].sort((a, b) => a - b));
        const [name, value] = shows;
        expect(ticks[name][ticks.nimg.indexOf(at * STEP)], `${at}, ${span} ticks, ${maxPoints} points`).toBe(value);
      }
    }
  }
});

test('what is read of a stretch begins and ends with its first and last tick, and shows all where there is room', async () => {
  fill(MANY);
  await makeLevels(library.db, runId);
  const stretch = { afterNimg: 1000 * STEP, untilNimg: 9000 * STEP };
  const few = readTicks(library.db, runId, { ...stretch, maxPoints: 100 });
  expect([few.nimg[0], few.nimg.at(-1)]).toEqual([1001 * STEP, 9000 * STEP]);
  expect(readTicks(library.db, runId, { ...stretch, maxPoints: 8000 }).nimg).toHaveLength(8000);
  expect(readTicks(library.db, runId, { afterNimg: MANY * STEP, maxPoints: 100 }).nimg).toEqual([]);
});

test('levels that grow with the run are those that are made of it later', async () => {
  write(1, MANY);
  const grown = levels();
  expect(grown.length).toBeGreaterThan(MANY / 10);
  expect(await levelsMadeAnew()).toEqual(grown);
});

test('levels forget what is undone, and hold what takes its place', async () => {
  write(1, MANY);
  rewindRun(library.db, runId, 9_999 * STEP);
  write(10_000, 3 * MANY, (i) => Math.cos(i));
  const grown = levels();
  expect(await levelsMadeAnew()).toEqual(grown);
  rewindRun(library.db, runId, 0);
  expect(levels()).toEqual([]);
  write(1, MANY);
  const again = levels();
  expect(await levelsMadeAnew()).toEqual(again);
});

test('a tick that is written again takes its place in the levels, too', async () => {
  write(1, MANY);
  write(12_345, 12_345, () => 50);
  await makeLevels(library.db, runId);
  const ticks = readTicks(library.db, runId, { afterNimg: -1, maxPoints: 100 });
  expect(ticks.loss[ticks.nimg.indexOf(12_345 * STEP)]).toBe(50);
});

test('a run of few ticks has no levels, and loses them with its rows', async () => {
  fill(1000);
  await makeLevels(library.db, runId);
  expect(levels()).toEqual([]);
  library.db.exec('DELETE FROM ticks');
  write(1, 200);
  expect(levels().length).toBeGreaterThan(0);
  library.db.prepare('DELETE FROM runs WHERE id = ?').run(runId);
  expect(levels()).toEqual([]);
});
