import type { Database } from 'better-sqlite3';
import { ofEachScalar, tickColumns, type Tick, type TickColumns } from '../../contract/ticks.ts';
import { COUNTS } from './history.ts';
import { namedColumns } from './named-columns.ts';
import { advanceRun } from './runs.ts';
import { measured, statement, write } from './statements.ts';

/** Table `ticks`: what a run wrote down every so many images. */

/** The column of each value of a tick. */
const columnOf = ofEachScalar(({ column }) => column);

const { columns, values, selected } = namedColumns(columnOf);

/**
 * Writes a tick and moves the run's `nimg` on. A second tick at the same nimg replaces the first. What is not finite is
 * stored as NULL, which columns refuse that always have a value.
 */
export function insertTick(db: Database, runId: number, tick: Tick, at = Date.now()): void {
  const stored = Object.fromEntries(Object.entries(tick).map(([name, value]) => [name, measured(value)]));
  write(db, () => {
    statement<[Record<string, number | null>]>(
      db,
      `INSERT OR REPLACE INTO ticks (run_id, at, ${columns}) VALUES (@runId, @at, ${values})`,
    ).run({ ...stored, runId, at });
    advanceRun(db, runId, tick.nimg);
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
  if (first === null || last === null) return tickColumns([]);
  if (count <= maxPoints) {
    return tickColumns(
      statement<[number, number], Tick>(
        db,
        `SELECT ${selected} FROM ticks WHERE run_id = ? AND ${COUNTS} AND nimg > ? ORDER BY nimg`,
      ).all(runId, afterNimg),
    );
  }
  const parts = Math.max(1, Math.floor((maxPoints - 2) / 2));
  const width = Math.floor((last - first) / parts) + 1;
  return tickColumns(
    statement<[Record<string, number>], Tick>(
      db,
      // In a query with a single min() or max(), SQLite takes the other columns from the row that has it.
      `WITH history AS MATERIALIZED (
         SELECT nimg, CAST((nimg - @first) / @width AS INTEGER) AS part, -- numbers arrive here as REAL
            ifnull(${columnOf.loss}, 9e999) AS height
         FROM ticks WHERE run_id = @runId AND ${COUNTS} AND nimg > @afterNimg
       ), kept AS (
         SELECT nimg FROM (SELECT nimg, min(height) FROM history GROUP BY part)
         UNION SELECT nimg FROM (SELECT nimg, max(height) FROM history GROUP BY part)
         UNION SELECT @first
         UNION SELECT @last
       )
       SELECT ${selected} FROM ticks WHERE run_id = @runId AND ${COUNTS} AND nimg IN (SELECT nimg FROM kept)
       ORDER BY nimg`,
    ).all({ runId, afterNimg, first, last, width }),
  );
}
