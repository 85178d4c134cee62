import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import type { Snapshot } from '../../contract/runs.ts';
import { COUNTS } from './counting.ts';
import { countAgain } from './history.ts';
import { statement, write } from './statements.ts';

/** Table `snapshots`: files with one averaged network each. Write the file durably first, then the row. */

export interface NewSnapshot {
  runId: number;
  nimg: number;
  /** sigma_rel of the average. */
  sigmaRel: number;
  /** Relative to the library; see `snapshotPath`. */
  file: string;
  sizeBytes: number;
  /** Of the file, hexadecimal. */
  sha256: string;
}

const COLUMNS =
  'id, run_id AS runId, nimg, ema_std AS sigmaRel, size_bytes AS sizeBytes, sha256, created_at AS createdAt';

/**
 * Records a snapshot; one of the same run, nimg and length is replaced (a resumed run comes by again).
 *
 * @returns its id
 */
export function insertSnapshot(db: Database, snapshot: NewSnapshot, createdAt = Date.now()): number {
  return write(db, () => {
    countAgain(db, snapshot.runId, snapshot.nimg);
    return statement<unknown[], number>(
      db,
      `INSERT INTO snapshots (run_id, nimg, ema_std, file, size_bytes, sha256, created_at, self_described)
       VALUES (?, ?, ?, ?, ?, ?, ?, 1)
       ON CONFLICT (run_id, nimg, ema_std) DO UPDATE SET
         file = excluded.file, size_bytes = excluded.size_bytes, sha256 = excluded.sha256, created_at = excluded.created_at,
         rewound = 0, self_described = 1
       RETURNING id`,
    )
      .pluck()
      .get(
        snapshot.runId,
        snapshot.nimg,
        snapshot.sigmaRel,
        snapshot.file,
        snapshot.sizeBytes,
        snapshot.sha256,
        createdAt,
      )!;
  });
}

/** Sorted by nimg, then by length. What the run has undone is left out. */
export function listSnapshots(db: Database, runId: number): Snapshot[] {
  return statement<[number], Snapshot>(
    db,
    `SELECT ${COLUMNS} FROM snapshots WHERE run_id = ? AND ${COUNTS} ORDER BY nimg, ema_std`,
  ).all(runId);
}

/** @throws {AppError} 'not-found' */
export function getSnapshot(db: Database, id: number): Snapshot & { file: string } {
  const row = statement<[number], Snapshot & { file: string }>(
    db,
    `SELECT ${COLUMNS}, file FROM snapshots WHERE id = ?`,
  ).get(id);
  if (row === undefined) throw new AppError('not-found', `There is no snapshot ${id}.`);
  return row;
}
