import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import type { LogLine } from '../../contract/runs.ts';
import { insertedId, statement } from './statements.ts';

/** Table `log`: what happened to a run, in words for its user. (What went wrong inside is in the log files.) */

export interface NewLogLine {
  /** null: of the library as a whole. */
  runId: number | null;
  nimg: number | null;
  level: LogLine['level'];
  text: string;
}

const COLUMNS = 'id, at, nimg, level, text';

/** @returns the line's id */
export function insertLog(db: Database, line: NewLogLine, at = Date.now()): number {
  return insertedId(
    statement(db, 'INSERT INTO log (run_id, at, nimg, level, text) VALUES (?, ?, ?, ?, ?)').run(
      line.runId,
      at,
      line.nimg,
      line.level,
      line.text,
    ),
  );
}

/** The newest lines of a run, newest last. */
export function listLog(db: Database, runId: number, limit: number): LogLine[] {
  return statement<[number, number], LogLine>(
    db,
    `SELECT ${COLUMNS} FROM log WHERE run_id = ? ORDER BY id DESC LIMIT ?`,
  )
    .all(runId, limit)
    .reverse();
}

/** @throws {AppError} 'not-found' */
export function getLogLine(db: Database, id: number): LogLine {
  const row = statement<[number], LogLine>(db, `SELECT ${COLUMNS} FROM log WHERE id = ?`).get(id);
  if (row === undefined) throw new AppError('not-found', `There is no log line ${id}.`);
  return row;
}
