import type { Database } from 'better-sqlite3';
import type { TickColumns } from '../../contract/runs.ts';
import { COUNTS } from './history.ts';
import { advanceRun } from './runs.ts';
import { measured, statement, write } from './statements.ts';

/** Table `ticks`: what a run wrote down every so many images. */

export interface Tick {
  runId: number;
  /** Training images seen. */
  nimg: number;
  /** Seconds of training since the run began, pauses left out. */
  trainSeconds: number;
  /** Mean loss per element over the tick's images; NaN and ±Infinity are stored as NULL. */
  loss: number;
  /** Standard error of that mean; null for a single image. */
  lossStderr: number | null;
  learningRate: number;
  imagesPerSecond: number | null;
  /** Resident memory of the job process, bytes. */
  memoryBytes: number;
}

interface TickRow {
  nimg: number;
  trainSeconds: number;
  loss: number | null;
  lossStderr: number | null;
  learningRate: number;
  imagesPerSecond: number | null;
  memoryBytes: number;
}

const COLUMNS = `nimg, train_seconds AS trainSeconds, loss, loss_stderr AS lossStderr, learning_rate AS learningRate,
  images_per_second AS imagesPerSecond, memory_bytes AS memoryBytes`;

/** Writes a tick and moves the run's `nimg` on. A second tick at the same nimg replaces the first. */
export function insertTick(db: Database, tick: Tick, at = Date.now()): void {
  write(db, () => {
    statement(
      db,
      `INSERT OR REPLACE INTO ticks (run_id, nimg, at, train_seconds, loss, loss_stderr, learning_rate, images_per_second, memory_bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      tick.runId,
      tick.nimg,
      at,
      tick.trainSeconds,
      measured(tick.loss),
      measured(tick.lossStderr),
      tick.learningRate,
      measured(tick.imagesPerSecond),
      tick.memoryBytes,
    );
    advanceRun(db, tick.runId, tick.nimg);
  });
}

/**
 * Ticks as columns, sorted by nimg. More than `maxPoints` are thinned: the range of nimg is cut into equal parts, and
 * of each part the ticks with the lowest and the highest loss stay, so that spikes are seen. A loss that is not finite
 * counts as the highest. The first and the last tick always stay.
 *
 * @param afterNimg only ticks after this count of images; -1: all
 * @param maxPoints about how many to return
 */
export function readTicks(
  db: Database,
  runId: number,
  { afterNimg, maxPoints }: { afterNimg: number; maxPoints: number },
): TickColumns {
  const { count, first, last } = statement<
    [number, number],
    { count: number; first: number | null; last: number | null }
  >(
    db,
    `SELECT count(*) AS count, min(nimg) AS first, max(nimg) AS last FROM ticks
     WHERE run_id = ? AND ${COUNTS} AND nimg > ?`,
  ).get(runId, afterNimg)!;
  if (first === null || last === null) return toColumns([]);
  if (count <= maxPoints) {
    return toColumns(
      statement<[number, number], TickRow>(
        db,
        `SELECT ${COLUMNS} FROM ticks WHERE run_id = ? AND ${COUNTS} AND nimg > ? ORDER BY nimg`,
      ).all(runId, afterNimg),
    );
  }
  const parts = Math.max(1, Math.floor((maxPoints - 2) / 2));
  const width = Math.floor((last - first) / parts) + 1;
  return toColumns(
    statement<[Record<string, number>], TickRow>(
      db,
      // In a query with a single min() or max(), SQLite takes the other columns from the row that has it.
      `WITH history AS MATERIALIZED (
         SELECT nimg, CAST((nimg - @first) / @width AS INTEGER) AS part, -- numbers arrive here as REAL
            ifnull(loss, 9e999) AS height
         FROM ticks WHERE run_id = @runId AND ${COUNTS} AND nimg > @afterNimg
       ), kept AS (
         SELECT nimg FROM (SELECT nimg, min(height) FROM history GROUP BY part)
         UNION SELECT nimg FROM (SELECT nimg, max(height) FROM history GROUP BY part)
         UNION SELECT @first
         UNION SELECT @last
       )
       SELECT ${COLUMNS} FROM ticks WHERE run_id = @runId AND ${COUNTS} AND nimg IN (SELECT nimg FROM kept)
       ORDER BY nimg`,
    ).all({ runId, afterNimg, first, last, width }),
  );
}

function toColumns(rows: TickRow[]): TickColumns {
  return {
    nimg: rows.map((row) => row.nimg),
    trainSeconds: rows.map((row) => row.trainSeconds),
    loss: rows.map((row) => row.loss),
    lossStderr: rows.map((row) => row.lossStderr),
    learningRate: rows.map((row) => row.learningRate),
    imagesPerSecond: rows.map((row) => row.imagesPerSecond),
    memoryBytes: rows.map((row) => row.memoryBytes),
  };
}
