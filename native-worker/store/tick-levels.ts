import type { Database } from 'better-sqlite3';
import { ofEachScalar, tickScalars, type TickScalarName } from '../../contract/ticks.ts';
import { COUNTS } from './counting.ts';
import { floorTo, piecesOf, type Ends } from './levels.ts';
import { namedColumns } from './named-columns.ts';
import { statement, write } from './statements.ts';

/**
 * Tables `tick_levels` and `tick_level_ends`: of a long run's ticks those that a curve must show at each distance from
 * which it is looked at. Level 0 cuts the history into parts of some 32 ticks and keeps of each its first, its last, and
 * those with the lowest and the highest value of each scalar that may jump; each further level does the same with two
 * parts of the level below. So a spike is kept on every level, and reading a curve costs as many rows as it has points.
 */

/** Ticks of a part of level 0. */
const TICKS_PER_PART = 32;
/** Parts of one level that are a part of the next. */
const PARTS_PER_PART = 2;
/** Ticks that a part usually keeps: its ends and extremes, some of which are the same. For estimates. */
const KEPT_PER_PART = 5;
/** Levels are made at once from the first tick on; of a run that has none, once it has so many ticks. */
const WORTHWHILE = 20_000;
/** Parts that are made in one transaction while others wait for the service. */
const PARTS_AT_ONCE = 64;

const { selected } = namedColumns(ofEachScalar(({ column }) => column));

/** Values of a tick, in the order of `tickScalars`: thousands of objects with names would take half as long again. */
export type TickRow = readonly (number | null)[];

const names = Object.keys(tickScalars) as TickScalarName[];
export const placeOf = ofEachScalar((_scalar, name) => names.indexOf(name));
const nimgOf = (tick: TickRow): number => tick[placeOf.nimg]!;

/** Scalars whose extremes are kept. */
const jumping = names.filter((name) => 'jumps' in tickScalars[name]);

const inRange = `run_id = @runId AND ${COUNTS} AND nimg >= @from AND nimg < @to`;
const rawTicks = `SELECT ${selected} FROM ticks WHERE ${inRange} ORDER BY nimg`;
const levelTicks = `SELECT ${selected} FROM tick_levels CROSS JOIN ticks USING (run_id, nimg)
  WHERE ${inRange} AND level = @level ORDER BY nimg`;

/** To be called with each tick before it is written, in the same transaction: the levels begin with the first. */
export function beginLevels(db: Database, runId: number, nimg: number): void {
  const ends = readEnds(db, runId);
  if (ends !== null) return retreat(db, runId, nimg - 1);
  const [any] = statement<[number]>(db, 'SELECT 1 FROM ticks WHERE run_id = ? LIMIT 1').all(runId);
  if (any === undefined) setEnds(db, runId, { width: TICKS_PER_PART * Math.max(1, nimg), until: 0 });
}

/** To be called with each tick after it was written, in the same transaction: makes the parts that it completes. */
export function growLevels(db: Database, runId: number, nimg: number): void {
  const ends = readEnds(db, runId);
  if (ends !== null) advance(db, runId, ends, nimg);
}

/** What counts of the history ends at `nimg`, in the same transaction: parts that reach beyond it are made again. */
export function retreat(db: Database, runId: number, nimg: number): void {
  const ends = readEnds(db, runId);
  if (ends === null || ends.until <= nimg + 1) return;
  const until = floorTo(nimg + 1, ends.width);
  setEnds(db, runId, { ...ends, until });
  for (let level = 0, width = ends.width; width <= ends.until; level++, width *= PARTS_PER_PART) {
    statement(db, 'DELETE FROM tick_levels WHERE run_id = ? AND level = ? AND nimg >= ?').run(
      runId,
      level,
      floorTo(until, width),
    );
  }
}

/**
 * Makes the levels of a long run that has none, as earlier versions left it. Others are served in between: it takes some
 * seconds for a million ticks, once.
 */
export async function makeLevels(db: Database, runId: number): Promise<void> {
  if (readEnds(db, runId) === null) {
    const [first, later] = [nthNimg(db, runId, 0), nthNimg(db, runId, WORTHWHILE - 1)];
    if (first === null || later === null) return;
    const step = Math.max(1, Math.round((later - first) / (WORTHWHILE - 1)));
    setEnds(db, runId, { width: TICKS_PER_PART * step, until: 0 });
  }
  for (;;) {
    const more = write(db, () => {
      const ends = readEnds(db, runId);
      const last = newest(db, runId);
      if (ends === null || last === null || floorTo(last, ends.width) <= ends.until) return false;
      advance(db, runId, ends, Math.min(last, ends.until + PARTS_AT_ONCE * ends.width));
      return true;
    });
    if (!more) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Ticks of a stretch of history that hold its extremes, sorted by nimg: all of them where they are few, else hardly more
 * than `about`.
 *
 * @param from first count of images
 * @param to   count of images before which it ends
 */
export function ticksOfStretch(
  db: Database,
  runId: number,
  { from, to, about }: { from: number; to: number; about: number },
): TickRow[] {
  const ends = readEnds(db, runId);
  const level = ends === null ? -1 : levelFor(ends.width, to - from, about);
  return piecesOf(ends, PARTS_PER_PART, { level, from, to }).flatMap((piece) =>
    read(db, piece.level < 0 ? rawTicks : levelTicks, { runId, ...piece }),
  );
}

/**
 * Of ticks in order those that their parts of so many images keep: ends and extremes. What is not finite counts as the
 * highest.
 */
export function thinned(ticks: readonly TickRow[], width: number): TickRow[] {
  const kept: TickRow[] = [];
  for (let from = 0, to = 0; from < ticks.length; from = to) {
    const part = Math.floor(nimgOf(ticks[from]!) / width);
    while (to < ticks.length && Math.floor(nimgOf(ticks[to]!) / width) === part) to += 1;
    for (const index of extremes(ticks, from, to)) kept.push(ticks[index]!);
  }
  return kept;
}

/** Indices of the ends and extremes of a range, in order. */
function extremes(ticks: readonly TickRow[], from: number, to: number): number[] {
  const found = [from, to - 1];
  for (const place of jumping.map((name) => placeOf[name])) {
    let [lowest, highest] = [from, from];
    for (let index = from + 1; index < to; index++) {
      const height = heightOf(ticks[index]!, place);
      if (height < heightOf(ticks[lowest]!, place)) lowest = index;
      if (height > heightOf(ticks[highest]!, place)) highest = index;
    }
    found.push(lowest, highest);
  }
  return [...new Set(found)].sort((a, b) => a - b);
}

const heightOf = (tick: TickRow, place: number): number => tick[place] ?? Infinity;

/** Makes all parts that are complete before `nimg`. */
function advance(db: Database, runId: number, ends: Ends, nimg: number): void {
  const until = floorTo(nimg, ends.width);
  if (until <= ends.until) return;
  const insert = statement<[number, number, number]>(
    db,
    'INSERT OR IGNORE INTO tick_levels (run_id, level, nimg) VALUES (?, ?, ?)',
  );
  for (let level = 0, width = ends.width; ; level++, width *= PARTS_PER_PART) {
    const [from, to] = [floorTo(ends.until, width), floorTo(until, width)];
    if (from >= to) break;
    const below =
      level === 0
        ? read(db, rawTicks, { runId, from, to })
        : read(db, levelTicks, { runId, from, to, level: level - 1 });
    for (const tick of thinned(below, width)) insert.run(runId, level, nimgOf(tick));
  }
  setEnds(db, runId, { ...ends, until });
}

/** The lowest level on which a stretch has hardly more ticks than wanted; −1: the ticks themselves. */
function levelFor(width: number, images: number, about: number): number {
  let level = -1;
  for (let ticks = (images / width) * TICKS_PER_PART; ticks > 1.5 * about; level++) {
    ticks = (images / (width * PARTS_PER_PART ** (level + 1))) * KEPT_PER_PART;
  }
  return level;
}

function read(
  db: Database,
  sql: string,
  stretch: { runId: number; from: number; to: number; level?: number },
): TickRow[] {
  return statement<[typeof stretch], TickRow>(db, sql).raw().all(stretch);
}

/** Training images at one of the ticks, counted from the first; null: there are not so many. */
function nthNimg(db: Database, runId: number, index: number): number | null {
  return (
    statement<[number, number], number>(
      db,
      `SELECT nimg FROM ticks WHERE run_id = ? AND ${COUNTS} ORDER BY nimg LIMIT 1 OFFSET ?`,
    )
      .pluck()
      .get(runId, index) ?? null
  );
}

/** Training images at the newest tick that counts; null: there is none. */
export function newest(db: Database, runId: number): number | null {
  return statement<[number], number | null>(db, `SELECT max(nimg) FROM ticks WHERE run_id = ? AND ${COUNTS}`)
    .pluck()
    .get(runId)!;
}

function readEnds(db: Database, runId: number): Ends | null {
  return statement<[number], Ends>(db, 'SELECT width, until FROM tick_level_ends WHERE run_id = ?').get(runId) ?? null;
}

function setEnds(db: Database, runId: number, { width, until }: Ends): void {
  statement(db, 'INSERT OR REPLACE INTO tick_level_ends (run_id, width, until) VALUES (?, ?, ?)').run(
    runId,
    width,
    until,
  );
}
