import type { Database } from 'better-sqlite3';
import { dynamicsKinds, type DynamicsKind } from '../../contract/dynamics.ts';
import { COUNTS } from './counting.ts';
import { floorTo, piecesOf, type Ends } from './levels.ts';
import { statement, write } from './statements.ts';

/**
 * Tables `dynamics_levels` and `dynamics_level_ends`: the lowest and highest number of each row in ever longer parts of a
 * run's history, so that a map of any stretch is read in as many rows of the library as it has columns, and shows every
 * spike. Each kind has levels of its own.
 */

/** Ticks of a part of level 0. */
const TICKS_PER_PART = 8;
/** Parts of one level that are a part of the next. */
const PARTS_PER_PART = 4;
/** Levels are made at once from the first tick on; of a kind that has none, once it has so many ticks. */
const WORTHWHILE = 4000;
/** Stretches of fewer parts of level 0 are read tick by tick. */
const FEW = 100;
/** Parts that are made in one transaction while others wait for the service. */
const PARTS_AT_ONCE = 64;

/** Extremes of some ticks that follow each other, one number a row. */
export interface Part {
  /** Training images at its last tick. */
  readonly nimg: number;
  readonly ticks: number;
  /** Lowest finite numbers; ∞ where there is none. */
  readonly low: Float32Array;
  /** Highest numbers; ∞ where one was not finite, −∞ where nothing was measured. */
  readonly high: Float32Array;
  /** As recorded, of a tick that was read by itself. */
  readonly numbers?: Float32Array;
}

interface Stretch {
  readonly runId: number;
  readonly kind: DynamicsKind;
  /** First count of images. */
  readonly from: number;
  /** Count of images before which it ends. */
  readonly to: number;
}

/** To be called with each moment before it is written, in the same transaction: the levels begin with the first. */
export function beginLevels(db: Database, runId: number, kind: DynamicsKind, nimg: number): void {
  const ends = readEnds(db, runId, kind);
  if (ends !== null) return retreatKind(db, runId, kind, ends, nimg - 1);
  const [any] = statement<[number, string]>(db, 'SELECT 1 FROM dynamics WHERE run_id = ? AND kind = ? LIMIT 1').all(
    runId,
    kind,
  );
  if (any === undefined) setEnds(db, runId, kind, { width: TICKS_PER_PART * Math.max(1, nimg), until: 0 });
}

/** To be called with each moment after it was written, in the same transaction: makes the parts that it completes. */
export function growLevels(db: Database, runId: number, kind: DynamicsKind, nimg: number): void {
  const ends = readEnds(db, runId, kind);
  if (ends !== null) advance(db, runId, kind, ends, nimg);
}

/** What counts of the history ends at `nimg`, in the same transaction: parts that reach beyond it are made again. */
export function retreat(db: Database, runId: number, nimg: number): void {
  const all = statement<[number], Ends & { kind: DynamicsKind }>(
    db,
    'SELECT kind, width, until FROM dynamics_level_ends WHERE run_id = ?',
  ).all(runId);
  for (const { kind, ...ends } of all) retreatKind(db, runId, kind, ends, nimg);
}

function retreatKind(db: Database, runId: number, kind: DynamicsKind, ends: Ends, nimg: number): void {
  if (ends.until <= nimg + 1) return;
  const until = floorTo(nimg + 1, ends.width);
  setEnds(db, runId, kind, { ...ends, until });
  const drop = statement(db, 'DELETE FROM dynamics_levels WHERE run_id = ? AND kind = ? AND level = ? AND nimg >= ?');
  for (let level = 0, width = ends.width; width <= ends.until; level++, width *= PARTS_PER_PART)
    drop.run(runId, kind, level, floorTo(until, width));
}

/** Makes the levels of a long history that has none, as earlier versions left it. Others are served in between. */
export async function makeDynamicsLevels(db: Database, runId: number, kind: DynamicsKind): Promise<void> {
  if (readEnds(db, runId, kind) === null) {
    const [first, later] = [nimgOf(db, runId, kind, 0), nimgOf(db, runId, kind, WORTHWHILE - 1)];
    if (first === null || later === null) return;
    const step = Math.max(1, Math.round((later - first) / (WORTHWHILE - 1)));
    setEnds(db, runId, kind, { width: TICKS_PER_PART * step, until: 0 });
  }
  for (;;) {
    const more = write(db, () => {
      const ends = readEnds(db, runId, kind);
      const last = newestMoment(db, runId, kind, Number.MAX_SAFE_INTEGER);
      if (ends === null || last === null || floorTo(last, ends.width) <= ends.until) return false;
      advance(db, runId, kind, ends, Math.min(last, ends.until + PARTS_AT_ONCE * ends.width));
      return true;
    });
    if (!more) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * The parts of a stretch of history, in order: single ticks where they are few, else half as many as wanted or more, and at
 * most twice as many and the ends.
 */
export function partsOfStretch(db: Database, stretch: Stretch, about: number): Part[] {
  const { runId, kind, from, to } = stretch;
  const ends = readEnds(db, runId, kind);
  const level = ends === null ? -1 : levelFor(ends.width, to - from, about);
  return piecesOf(ends, PARTS_PER_PART, { level, from, to }).flatMap((piece) => read(db, { runId, kind, ...piece }));
}

/** Parts that follow each other as one. */
export function joined(parts: readonly Part[]): Part {
  const [first] = parts as [Part, ...Part[]];
  if (parts.length === 1) return first;
  const [low, high] = [first.low.slice(), first.high.slice()];
  for (const part of parts.slice(1)) {
    for (let row = 0; row < low.length; row++) {
      if (part.low[row]! < low[row]!) low[row] = part.low[row]!;
      if (part.high[row]! > high[row]!) high[row] = part.high[row]!;
    }
  }
  return { nimg: parts.at(-1)!.nimg, ticks: parts.reduce((sum, { ticks }) => sum + ticks, 0), low, high };
}

/** The newest moment that counts up to so many images; null: there is none. */
export function newestMoment(db: Database, runId: number, kind: DynamicsKind, until: number): number | null {
  return statement<[number, string, number], number | null>(
    db,
    `SELECT max(nimg) FROM dynamics WHERE run_id = ? AND kind = ? AND ${COUNTS} AND nimg <= ?`,
  )
    .pluck()
    .get(runId, kind, until)!;
}

/** Little-endian float32, as tables hold them. */
export function floatsOf(blob: Buffer): Float32Array {
  const { buffer, byteOffset, byteLength } = blob;
  return byteOffset % 4 === 0
    ? new Float32Array(buffer, byteOffset, byteLength >> 2)
    : new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
}

/** Makes all parts that are complete before `nimg`. */
function advance(db: Database, runId: number, kind: DynamicsKind, ends: Ends, nimg: number): void {
  const until = floorTo(nimg, ends.width);
  if (until <= ends.until) return;
  const insert = statement(
    db,
    'INSERT INTO dynamics_levels (run_id, kind, level, nimg, ticks, low, high) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  for (let level = 0, width = ends.width; ; level++, width *= PARTS_PER_PART) {
    const [from, to] = [floorTo(ends.until, width), floorTo(until, width)];
    if (from >= to) break;
    const below = read(db, { runId, kind, level: level - 1, from, to });
    for (let start = 0, end = 0; start < below.length; start = end) {
      const place = Math.floor(below[start]!.nimg / width);
      while (end < below.length && Math.floor(below[end]!.nimg / width) === place) end += 1;
      const part = joined(below.slice(start, end));
      insert.run(runId, kind, level, part.nimg, part.ticks, blobOf(part.low), blobOf(part.high));
    }
  }
  setEnds(db, runId, kind, { ...ends, until });
}

/** The lowest level on which a stretch has not many more parts than wanted; −1: the ticks themselves. */
function levelFor(width: number, images: number, about: number): number {
  if (images / width < Math.max(FEW, about / 2)) return -1;
  let level = 0;
  for (let parts = images / width; parts > 2 * about; parts /= PARTS_PER_PART) level++;
  return level;
}

function read(db: Database, piece: Stretch & { level: number }): Part[] {
  const range = 'run_id = @runId AND kind = @kind AND nimg >= @from AND nimg < @to';
  if (piece.level < 0) {
    const sql = `SELECT nimg, numbers FROM dynamics WHERE ${range} AND ${COUNTS} ORDER BY nimg`;
    return statement<[Stretch], { nimg: number; numbers: Buffer }>(db, sql)
      .all(piece)
      .map(({ nimg, numbers }) => single(piece.kind, nimg, floatsOf(numbers)));
  }
  const sql = `SELECT nimg, ticks, low, high FROM dynamics_levels WHERE ${range} AND level = @level ORDER BY nimg`;
  return statement<[Stretch], { nimg: number; ticks: number; low: Buffer; high: Buffer }>(db, sql)
    .all(piece)
    .map((part) => ({ ...part, low: floatsOf(part.low), high: floatsOf(part.high) }));
}

/** A tick as a part of its own. At a noise level without images nothing was measured; elsewhere what is missing was not finite. */
function single(kind: DynamicsKind, nimg: number, numbers: Float32Array): Part {
  if (numbers.every(Number.isFinite)) return { nimg, ticks: 1, low: numbers, high: numbers, numbers };
  const lost = dynamicsKinds[kind].of === 'noise level' ? -Infinity : Infinity;
  return {
    nimg,
    ticks: 1,
    low: numbers.map((value) => (Number.isFinite(value) ? value : Infinity)),
    high: numbers.map((value) => (Number.isFinite(value) ? value : lost)),
    numbers,
  };
}

function blobOf(values: Float32Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

/** Training images at one of the moments, counted from the first; null: there are not so many. */
function nimgOf(db: Database, runId: number, kind: DynamicsKind, index: number): number | null {
  return (
    statement<[number, string, number], number>(
      db,
      `SELECT nimg FROM dynamics WHERE run_id = ? AND kind = ? AND ${COUNTS} ORDER BY nimg LIMIT 1 OFFSET ?`,
    )
      .pluck()
      .get(runId, kind, index) ?? null
  );
}

function readEnds(db: Database, runId: number, kind: DynamicsKind): Ends | null {
  const sql = 'SELECT width, until FROM dynamics_level_ends WHERE run_id = ? AND kind = ?';
  return statement<[number, string], Ends>(db, sql).get(runId, kind) ?? null;
}

function setEnds(db: Database, runId: number, kind: DynamicsKind, { width, until }: Ends): void {
  statement(db, 'INSERT OR REPLACE INTO dynamics_level_ends (run_id, kind, width, until) VALUES (?, ?, ?, ?)').run(
    runId,
    kind,
    width,
    until,
  );
}
