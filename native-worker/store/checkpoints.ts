import type { Database } from 'better-sqlite3';
import type { Checkpoint } from '../../contract/runs.ts';
import { COUNTS } from './counting.ts';
import { advanceRun } from './runs.ts';
import { insertedId, statement, write } from './statements.ts';

/** Table `checkpoints`: files with the whole training state. Write the file durably first, then the row. */

export interface NewCheckpoint {
  runId: number;
  nimg: number;
  /** Relative to the library; see `checkpointPath`. */
  file: string;
  sizeBytes: number;
  /** Of the file, hexadecimal. */
  sha256: string;
}

/** A checkpoint with its file, for the job that goes on from it. */
export type StoredCheckpoint = Checkpoint & { file: string; sha256: string };

const COLUMNS = 'id, run_id AS runId, nimg, size_bytes AS sizeBytes, created_at AS createdAt';

/**
 * Records a checkpoint and moves the run's `nimg` on. One of the same run and nimg is replaced by a new row, so that ids
 * rise in the order in which the files were written, whatever the clock says.
 */
export function insertCheckpoint(db: Database, checkpoint: NewCheckpoint, createdAt = Date.now()): number {
  return write(db, () => {
    const { runId, nimg, file, sizeBytes, sha256 } = checkpoint;
    const id = insertedId(
      statement(
        db,
        `INSERT OR REPLACE INTO checkpoints (run_id, nimg, file, size_bytes, sha256, created_at, self_described)
         VALUES (?, ?, ?, ?, ?, ?, 1)`,
      ).run(runId, nimg, file, sizeBytes, sha256, createdAt),
    );
    advanceRun(db, runId, nimg);
    return id;
  });
}

/** Sorted by nimg. What the run has undone is left out. */
export function listCheckpoints(db: Database, runId: number): Checkpoint[] {
  return statement<[number], Checkpoint>(
    db,
    `SELECT ${COLUMNS} FROM checkpoints WHERE run_id = ? AND ${COUNTS} ORDER BY nimg`,
  ).all(runId);
}

/**
 * The last written first: a job tries them in turn, should the newest file be damaged. Those that could not be read
 * when the run last went on are later than what it went on from, and do not count.
 */
export function checkpointsToResume(db: Database, runId: number): StoredCheckpoint[] {
  return statement<[number], StoredCheckpoint>(
    db,
    `SELECT ${COLUMNS}, file, sha256 FROM checkpoints WHERE run_id = ? AND ${COUNTS} ORDER BY id DESC`,
  ).all(runId);
}

/**
 * Forgets all but the last written checkpoints of a run. Those that no longer count, because they could not be read, go
 * only when there are enough that do.
 *
 * @param keep how many stay
 * @returns the files of the others, for `dropFiles`
 */
export function forgetOldCheckpoints(db: Database, runId: number, keep: number): string[] {
  return write(db, () => {
    const kept = checkpointsToResume(db, runId).slice(0, keep);
    if (kept.length < keep) return [];
    const oldest = kept.at(-1)!.id;
    return statement<[number, number], string>(
      db,
      `DELETE FROM checkpoints WHERE run_id = ? AND (id < ? OR NOT ${COUNTS}) RETURNING file`,
    )
      .pluck()
      .all(runId, oldest);
  });
}
