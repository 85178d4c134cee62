import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import type { DynamicsKind, DynamicsTable } from '../../contract/dynamics.ts';
import { exactImages } from '../../contract/units.ts';
import { COUNTS } from './counting.ts';
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
    const known = readLayers(db, runId, kind);
    if (known.length === 0) {
      const insert = statement(db, 'INSERT INTO dynamics_rows (run_id, kind, position, name) VALUES (?, ?, ?, ?)');
      layers.forEach((name, position) => insert.run(runId, kind, position, name));
    } else if (known.length !== layers.length || known.some((name, position) => name !== layers[position])) {
      throw new AppError('shape', `the rows of run ${runId}'s ${kind} changed while it trained`);
    }
    statement(db, 'INSERT OR REPLACE INTO dynamics (run_id, kind, nimg, numbers) VALUES (?, ?, ?, ?)').run(
      runId,
      kind,
      nimg,
      toLittleEndian(numbers),
    );
  });
}

/**
 * The table of rows and moments of one kind.
 *
 * @param maxColumns at most this many moments, evenly spread, with the first and the last
 * @param afterNimg  only moments after this count of images; -1: all
 * @throws {AppError} 'corrupt-file' if a blob does not fit the rows
 */
export function readDynamics(
  db: Database,
  runId: number,
  kind: DynamicsKind,
  maxColumns: number,
  afterNimg = -1,
): DynamicsTable {
  const layers = readLayers(db, runId, kind);
  const all = statement<[number, string, number], number>(
    db,
    `SELECT nimg FROM dynamics WHERE run_id = ? AND kind = ? AND ${COUNTS} AND nimg > ? ORDER BY nimg`,
  )
    .pluck()
    .all(runId, kind, afterNimg);
  const nimg = spread(all, maxColumns);
  const select = statement<[number, string, number], Buffer>(
    db,
    `SELECT numbers FROM dynamics WHERE run_id = ? AND kind = ? AND ${COUNTS} AND nimg = ?`,
  ).pluck();
  const values: (number | null)[][] = layers.map(() => new Array<number | null>(nimg.length).fill(null));
  nimg.forEach((moment, column) => {
    const blob = select.get(runId, kind, moment)!;
    if (blob.byteLength !== layers.length * 4) {
      throw new AppError(
        'corrupt-file',
        `What is recorded of run ${runId} at ${exactImages(moment)} (${kind}) is damaged.`,
      );
    }
    for (const [row, line] of values.entries()) {
      const value = blob.readFloatLE(row * 4);
      line[column] = Number.isFinite(value) ? value : null;
    }
  });
  return { kind, layers, nimg, values };
}

function readLayers(db: Database, runId: number, kind: DynamicsKind): string[] {
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

/** At most `count` of the items, evenly spread, first and last among them. */
function spread(items: number[], count: number): number[] {
  if (items.length <= count) return items;
  return Array.from({ length: count }, (_, index) => items[Math.round((index * (items.length - 1)) / (count - 1))]!);
}
