import type { Database } from 'better-sqlite3';
import { mapTickColumns, ofEachScalar, tickColumns, type Tick, type TickColumns } from '../../contract/ticks.ts';
import { COUNTS } from './counting.ts';
import { namedColumns } from './named-columns.ts';
import { advanceRun } from './runs.ts';
import { measured, statement, write } from './statements.ts';
import { beginLevels, growLevels, newest, placeOf, thinned, ticksOfStretch, type TickRow } from './tick-levels.ts';

/** Table `ticks`: what a run wrote down every so many images. */

/** The column of each value of a tick. */
const columnOf = ofEachScalar(({ column }) => column);

const { columns, values, selected } = namedColumns(columnOf);

/**
 * Writes a tick and moves the run's `nimg` on. A second tick at the same nimg replaces the first. What is not finite is
 * stored as NULL, which columns refuse that always have a value.
 */
export function insertTick(db: Database, runId: number, tick: Tick): void {
  const stored = Object.fromEntries(Object.entries(tick).map(([name, value]) => [name, measured(value)]));
  write(db, () => {
    beginLevels(db, runId, tick.nimg);
    statement<[Record<string, number | null>]>(
      db,
      `INSERT OR REPLACE INTO ticks (run_id, ${columns}) VALUES (@runId, ${values})`,
    ).run({ ...stored, runId });
    growLevels(db, runId, tick.nimg);
    advanceRun(db, runId, tick.nimg);
  });
}

/** A stretch of history, and how many points a curve of it may have. */
export interface TickRange {
  /** Only ticks after this count of images; -1: from the first on. */
  afterNimg: number;
  /** Only ticks up to this count of images; null: to the newest. */
  untilNimg?: number | null;
  maxPoints: number;
}

/**
 * Ticks as columns, sorted by nimg. More than `maxPoints` are thinned: the stretch is cut into equal parts, and each keeps
 * its first and last tick and the extremes of what may jump, so that no spike is lost, however far one zooms out. A value
 * that is not finite counts as the highest.
 */
export function readTicks(
  db: Database,
  runId: number,
  { afterNimg, untilNimg = null, maxPoints }: TickRange,
): TickColumns {
  const first = firstAfter(db, runId, afterNimg);
  const last = Math.min(newest(db, runId) ?? -1, untilNimg ?? Infinity);
  if (first === null || first > last) return tickColumns([]);
  const ticks = ticksOfStretch(db, runId, { from: first, to: last + 1, about: maxPoints });
  if (ticks.length <= maxPoints) return columnsOf(ticks);
  let fewer = ticks;
  for (let parts = maxPoints / 2; fewer.length > maxPoints; parts *= 0.7)
    fewer = thinned(ticks, Math.max(1, (last - first + 1) / parts));
  return columnsOf(fewer);
}

function columnsOf(rows: readonly TickRow[]): TickColumns {
  return mapTickColumns((name) => rows.map((row) => row[placeOf[name]]!));
}

/** The next ticks after a count of images as they were written, at most so many. */
export function ticksAfter(db: Database, runId: number, nimg: number, limit: number): Tick[] {
  const select = `SELECT ${selected} FROM ticks WHERE run_id = ? AND ${COUNTS} AND nimg > ? ORDER BY nimg LIMIT ?`;
  return statement<[number, number, number], Tick>(db, select).all(runId, nimg, limit);
}

function firstAfter(db: Database, runId: number, nimg: number): number | null {
  return (
    statement<[number, number], number>(
      db,
      `SELECT nimg FROM ticks WHERE run_id = ? AND ${COUNTS} AND nimg > ? ORDER BY nimg LIMIT 1`,
    )
      .pluck()
      .get(runId, nimg) ?? null
  );
}
