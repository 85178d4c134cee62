import type { Database } from 'better-sqlite3';
import type { Checkpoint } from '../../contract/runs.ts';
import { advanceRun } from './runs.ts';
import { statement, write } from './statements.ts';

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

/** Records a checkpoint and moves the run's `nimg` on; one of the same run and nimg is replaced. */
export function insertCheckpoint(db: Database, checkpoint: NewCheckpoint, createdAt = Date.now()): number {
  return write(db, () => {
    const id = statement<unknown[], number>(
      db,
      `INSERT INTO checkpoints (run_id, nimg, file, size_bytes, sha256, created_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (run_id, nimg) DO UPDATE SET
         file = excluded.file, size_bytes = excluded.size_bytes, sha256 = excluded.sha256, created_at = excluded.created_at
       RETURNING id`,
    )
      .pluck()
      .get(checkpoint.runId, checkpoint.nimg, checkpoint.file, checkpoint.sizeBytes, checkpoint.sha256, createdAt)!;
    advanceRun(db, checkpoint.runId, checkpoint.nimg);
    return id;
  });
}

/** Sorted by nimg. */
export function listCheckpoints(db: Database, runId: number): Checkpoint[] {
  return statement<[number], Checkpoint>(db, `SELECT ${COLUMNS} FROM checkpoints WHERE run_id = ? ORDER BY nimg`).all(
    runId,
  );
}

/** Newest first: a job tries them in turn, should the newest file be damaged. */
export function checkpointsToResume(db: Database, runId: number): StoredCheckpoint[] {
  return statement<[number], StoredCheckpoint>(
    db,
    `SELECT ${COLUMNS}, file, sha256 FROM checkpoints WHERE run_id = ? ORDER BY nimg DESC`,
  ).all(runId);
}

/**
 * Forgets all but the newest checkpoints of a run.
 *
 * @param keep how many stay
 * @returns the files of the others, for `dropFiles`
 */
export function forgetOldCheckpoints(db: Database, runId: number, keep: number): string[] {
  return write(db, () =>
    statement<[number, number, number], string>(
      db,
      `DELETE FROM checkpoints WHERE run_id = ? AND id NOT IN
         (SELECT id FROM checkpoints WHERE run_id = ? ORDER BY nimg DESC LIMIT ?) RETURNING file`,
    )
      .pluck()
      .all(runId, runId, keep),
  );
}
