import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import type { DynamicsKind } from '../../contract/dynamics.ts';
import { unpackDynamics, type DynamicsTable, type PackedDynamics } from '../../contract/dynamics-table.ts';
import { exactImages } from '../../contract/units.ts';
import { COUNTS } from './counting.ts';
import {
  beginLevels,
  floatsOf,
  growLevels,
  joined,
  newestMoment,
  partsOfStretch,
  type Part,
} from './dynamics-levels.ts';
import { statement, write } from './statements.ts';

/** Tables `dynamics_rows` and `dynamics`: numbers of layers, blocks and noise levels over training, by kind. */

/** A blob of a row stays small; SQLite stores one of 2^31 bytes as nothing, without an error. */
const MAX_BLOB_BYTES = 2 ** 24;

/**
 * Writes the numbers of one kind and moment.
 *
 * @param layers  names of the rows; the same at every call of a run and kind
 * @param numbers one a row; may hold NaN and infinities
 * @throws {AppError} 'shape' if rows and numbers don't fit each other, or the names changed since the run's first
 */
export function insertDynamics(
  db: Database,
  runId: number,
  kind: DynamicsKind,
  nimg: number,
  layers: readonly string[],
  numbers: Float32Array,
): void {
  if (layers.length !== numbers.length) {
    throw new AppError('shape', `${numbers.length} numbers of the kind ${kind} do not fit ${layers.length} rows`);
  }
  if (numbers.byteLength > MAX_BLOB_BYTES)
    throw new AppError('shape', `${numbers.length} numbers of the kind ${kind} are too many for one row of the index`);
  write(db, () => {
    const known = rowsOfKind(db, runId, kind);
    if (known.length === 0) {
      const insert = statement(db, 'INSERT INTO dynamics_rows (run_id, kind, position, name) VALUES (?, ?, ?, ?)');
      layers.forEach((name, position) => insert.run(runId, kind, position, name));
    } else if (known.length !== layers.length || known.some((name, position) => name !== layers[position])) {
      throw new AppError('shape', `the rows of run ${runId}'s ${kind} changed while it trained`);
    }
    beginLevels(db, runId, kind, nimg);
    statement(db, 'INSERT OR REPLACE INTO dynamics (run_id, kind, nimg, numbers) VALUES (?, ?, ?, ?)').run(
      runId,
      kind,
      nimg,
      toLittleEndian(numbers),
    );
    growLevels(db, runId, kind, nimg);
  });
}

/** A stretch of history, and how many columns a table of it may have. */
export interface DynamicsRange {
  /** Only the rows with these names; null or absent: all. */
  readonly rows?: readonly string[] | null;
  /** Only moments after this count of images; absent: from the first on. */
  readonly afterNimg?: number;
  /** Only moments up to this count of images; null or absent: to the newest. */
  readonly untilNimg?: number | null;
  readonly maxColumns: number;
  /** Fewer columns, but 10 at least, where there are many rows; null or absent: any number of cells. */
  readonly maxCells?: number | null;
}

/** Whether numbers of a kind are recorded of a moment. */
export function hasDynamics(db: Database, runId: number, kind: DynamicsKind, nimg: number): boolean {
  const select = `SELECT 1 FROM dynamics WHERE run_id = ? AND kind = ? AND ${COUNTS} AND nimg = ?`;
  return statement<[number, string, number]>(db, select).get(runId, kind, nimg) !== undefined;
}

/**
 * The table of rows and moments of one kind, packed as it is sent. More than `maxColumns` moments become equally long
 * columns, the first moment one of its own; each has its last moment's numbers and the extremes of all. Of `rows` those are
 * answered that the run has, in its order.
 *
 * @throws {AppError} 'corrupt-file' if a blob does not fit the rows
 */
export function readPackedDynamics(
  db: Database,
  runId: number,
  kind: DynamicsKind,
  { rows = null, afterNimg = -1, untilNimg = null, maxColumns, maxCells = null }: DynamicsRange,
): PackedDynamics {
  const allLayers = rowsOfKind(db, runId, kind);
  const places = rows && [...allLayers.keys()].filter((place) => rows.includes(allLayers[place]!));
  const layers = places ? places.map((place) => allLayers[place]!) : allLayers;
  const names = { kind, layers, ...(places && { allLayers }) };
  const most = Math.min(maxColumns, Math.max(10, Math.floor((maxCells ?? Infinity) / Math.max(1, layers.length))));
  const first = firstAfter(db, runId, kind, afterNimg);
  const last = newestMoment(db, runId, kind, untilNimg ?? Number.MAX_SAFE_INTEGER) ?? -1;
  if (first === null || first > last) return { ...names, nimg: [], values: '', span: null };
  const of = (from: number, to: number): Part[] =>
    partsOfStretch(db, { runId, kind, from, to }, most).map((part) => checked(part, runId, kind, allLayers.length));
  const columns = [...of(first, first + 1), ...asColumns(of(first + 1, last + 1), first, last, most - 1)];
  const nimg = columns.map((column) => column.nimg);
  const pack = (cells: (column: Part) => Float32Array): string =>
    packed(columns.map(cells), places ?? allLayers.keys());
  const joint = columns.filter((column) => column.numbers === undefined).map((column) => column.nimg);
  const numbers = numbersAt(db, runId, kind, joint, allLayers.length);
  const recorded = pack((column) => column.numbers ?? numbers.get(column.nimg)!);
  if (columns.every(({ ticks }) => ticks === 1)) return { ...names, nimg, values: recorded, span: null };
  const span = {
    ticks: columns.map(({ ticks }) => ticks),
    low: pack(({ low }) => low),
    high: pack(({ high }) => high),
  };
  return { ...names, nimg, values: recorded, span };
}

/**
 * The next moments of a kind after a count of images, as they were recorded, at most so many.
 *
 * @throws {AppError} 'corrupt-file' if a blob does not fit the rows
 */
export function momentsAfter(
  db: Database,
  runId: number,
  kind: DynamicsKind,
  after: number,
  limit: number,
): { readonly nimg: number; readonly numbers: Float32Array }[] {
  const rows = rowsOfKind(db, runId, kind).length;
  const select = `SELECT nimg, numbers FROM dynamics WHERE run_id = ? AND kind = ? AND ${COUNTS} AND nimg > ?
    ORDER BY nimg LIMIT ?`;
  return statement<[number, string, number, number], { nimg: number; numbers: Buffer }>(db, select)
    .all(runId, kind, after, limit)
    .map(({ nimg, numbers }) => {
      const floats = floatsOf(numbers);
      if (floats.length !== rows) throw damaged(runId, kind, nimg);
      return { nimg, numbers: floats };
    });
}

/** The same as a table. */
export function readDynamics(db: Database, runId: number, kind: DynamicsKind, range: DynamicsRange): DynamicsTable {
  return unpackDynamics(readPackedDynamics(db, runId, kind, range));
}

/** Parts after the moment `first` as equally long columns: as they are where they are not too many. */
function asColumns(parts: Part[], first: number, last: number, most: number): Part[] {
  if (parts.length <= most) return parts;
  const place = ({ nimg }: Part): number => Math.ceil(((nimg - first) * most) / (last - first));
  const columns: Part[] = [];
  for (let from = 0, to = 0; from < parts.length; from = to) {
    const column = place(parts[from]!);
    while (to < parts.length && place(parts[to]!) === column) to += 1;
    columns.push(joined(parts.slice(from, to)));
  }
  return columns;
}

function checked(part: Part, runId: number, kind: DynamicsKind, rows: number): Part {
  if (part.low.length === rows && part.high.length === rows) return part;
  throw damaged(runId, kind, part.nimg);
}

function damaged(runId: number, kind: DynamicsKind, nimg: number): AppError {
  return new AppError('corrupt-file', `What is recorded of run ${runId} at ${exactImages(nimg)} (${kind}) is damaged.`);
}

/** What was recorded at some moments, all of which there are; asked for at once, which is faster than one after the other. */
function numbersAt(
  db: Database,
  runId: number,
  kind: DynamicsKind,
  moments: readonly number[],
  rows: number,
): ReadonlyMap<number, Float32Array> {
  const sql = `SELECT nimg, numbers FROM json_each(?) CROSS JOIN dynamics ON nimg = value
    WHERE run_id = ? AND kind = ? AND ${COUNTS}`;
  const all = statement<[string, number, string], { nimg: number; numbers: Buffer }>(db, sql).all(
    JSON.stringify(moments),
    runId,
    kind,
  );
  return new Map(
    all.map(({ nimg, numbers }) => {
      const floats = floatsOf(numbers);
      if (floats.length !== rows) throw damaged(runId, kind, nimg);
      return [nimg, floats];
    }),
  );
}

/** Some rows of columns as float32, row after row, in base64. */
function packed(columns: readonly Float32Array[], places: Iterable<number>): string {
  const rows = [...places];
  const cells = new Float32Array(rows.length * columns.length);
  for (const [index, column] of columns.entries())
    for (const [row, place] of rows.entries()) cells[row * columns.length + index] = column[place]!;
  return Buffer.from(cells.buffer).toString('base64');
}

function firstAfter(db: Database, runId: number, kind: DynamicsKind, nimg: number): number | null {
  return statement<[number, string, number], number | null>(
    db,
    `SELECT min(nimg) FROM dynamics WHERE run_id = ? AND kind = ? AND ${COUNTS} AND nimg > ?`,
  )
    .pluck()
    .get(runId, kind, nimg)!;
}

/** Names of the rows of a kind, in order; none: it is not recorded of the run. */
export function rowsOfKind(db: Database, runId: number, kind: DynamicsKind): string[] {
  return statement<[number, string], string>(
    db,
    'SELECT name FROM dynamics_rows WHERE run_id = ? AND kind = ? ORDER BY position',
  )
    .pluck()
    .all(runId, kind);
}

function toLittleEndian(values: Float32Array): Buffer {
  const blob = Buffer.alloc(values.byteLength);
  values.forEach((value, index) => blob.writeFloatLE(value, index * 4));
  return blob;
}
