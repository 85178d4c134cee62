import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import type { MagnitudeKind, MagnitudeTable } from '../../contract/runs.ts';
import { COUNTS } from './history.ts';
import { statement, write } from './statements.ts';

/** Tables `magnitude_layers` and `magnitudes`: root mean squares per layer over training. */

/** A blob of a row stays small; SQLite stores one of 2^31 bytes as nothing, without an error. */
const MAX_BLOB_BYTES = 2 ** 24;

/**
 * Writes the magnitudes of one moment.
 *
 * @param layers names in network order; the same at every call of a run and kind
 * @param rms    float32, one per layer, dimensionless; may hold NaN and infinities
 * @throws {AppError} 'shape' if layers and values don't fit each other, or the names changed since the run's first
 */
export function insertMagnitudes(
  db: Database,
  runId: number,
  kind: MagnitudeKind,
  nimg: number,
  layers: readonly string[],
  rms: Float32Array,
): void {
  if (layers.length !== rms.length) {
    throw new AppError('shape', `${rms.length} ${kind} magnitudes do not fit ${layers.length} layers`);
  }
  if (rms.byteLength > MAX_BLOB_BYTES)
    throw new AppError('shape', `${rms.length} ${kind} magnitudes are too many for one row`);
  write(db, () => {
    const known = readLayers(db, runId, kind);
    if (known.length === 0) {
      const insert = statement(db, 'INSERT INTO magnitude_layers (run_id, kind, position, name) VALUES (?, ?, ?, ?)');
      layers.forEach((name, position) => insert.run(runId, kind, position, name));
    } else if (known.length !== layers.length || known.some((name, position) => name !== layers[position])) {
      throw new AppError('shape', `the layers of run ${runId}'s ${kind} magnitudes changed while it trained`);
    }
    statement(db, 'INSERT OR REPLACE INTO magnitudes (run_id, kind, nimg, rms) VALUES (?, ?, ?, ?)').run(
      runId,
      kind,
      nimg,
      toLittleEndian(rms),
    );
  });
}

/**
 * The layer × time table of one kind.
 *
 * @param maxColumns at most this many moments, evenly spread, with the first and the last
 * @param afterNimg  only moments after this count of images; -1: all
 * @throws {AppError} 'corrupt-file' if a blob does not fit the layers
 */
export function readMagnitudes(
  db: Database,
  runId: number,
  kind: MagnitudeKind,
  maxColumns: number,
  afterNimg = -1,
): MagnitudeTable {
  const layers = readLayers(db, runId, kind);
  const all = statement<[number, string, number], number>(
    db,
    `SELECT nimg FROM magnitudes WHERE run_id = ? AND kind = ? AND ${COUNTS} AND nimg > ? ORDER BY nimg`,
  )
    .pluck()
    .all(runId, kind, afterNimg);
  const nimg = spread(all, maxColumns);
  const select = statement<[number, string, number], Buffer>(
    db,
    `SELECT rms FROM magnitudes WHERE run_id = ? AND kind = ? AND ${COUNTS} AND nimg = ?`,
  ).pluck();
  const values: (number | null)[][] = layers.map(() => new Array<number | null>(nimg.length).fill(null));
  nimg.forEach((moment, column) => {
    const blob = select.get(runId, kind, moment)!;
    if (blob.byteLength !== layers.length * 4) {
      throw new AppError('corrupt-file', `The ${kind} magnitudes of run ${runId} at ${moment} images are damaged.`);
    }
    for (const [row, line] of values.entries()) {
      const value = blob.readFloatLE(row * 4);
      line[column] = Number.isFinite(value) ? value : null;
    }
  });
  return { kind, layers, nimg, values };
}

function readLayers(db: Database, runId: number, kind: MagnitudeKind): string[] {
  return statement<[number, string], string>(
    db,
    'SELECT name FROM magnitude_layers WHERE run_id = ? AND kind = ? ORDER BY position',
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
