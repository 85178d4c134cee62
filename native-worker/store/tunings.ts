import type { Database } from 'better-sqlite3';
import * as z from 'zod';
import { AppError } from '../../contract/errors.ts';
import { Tuning, TuningResult, TuningSubject, tuningKey } from '../../contract/tuning.ts';
import { readColumn } from './rows.ts';
import { insertedId, statement } from './statements.ts';

/** Table `tunings`: what was measured of ways to train on a device. Jobs write it. */

interface TuningRow extends Omit<Tuning, 'subject' | 'results' | 'complete'> {
  subject: string;
  results: string;
  complete: number;
}

const COLUMNS = 'id, device, driver, tensorflow, subject, results, complete, created_at AS createdAt';

/** Where something was measured; figures hold for the same only. */
export type TunedOn = Pick<Tuning, 'device' | 'driver' | 'tensorflow'>;

/** Begins a session, without results yet. @returns its id */
export function insertTuning(db: Database, on: TunedOn, subject: TuningSubject, createdAt = Date.now()): number {
  return insertedId(
    statement(
      db,
      `INSERT INTO tunings (device, driver, tensorflow, subject_key, subject, results, complete, created_at)
       VALUES (?, ?, ?, ?, ?, '[]', 0, ?)`,
    ).run(on.device, on.driver, on.tensorflow, tuningKey(subject), JSON.stringify(subject), createdAt),
  );
}

export function setTuningResults(db: Database, id: number, results: readonly TuningResult[], complete: boolean): void {
  statement(db, 'UPDATE tunings SET results = ?, complete = ? WHERE id = ?').run(
    ...[JSON.stringify(results), complete ? 1 : 0, id],
  );
}

/** @throws {AppError} 'not-found' */
export function getTuning(db: Database, id: number): Tuning {
  const row = statement<[number], TuningRow>(db, `SELECT ${COLUMNS} FROM tunings WHERE id = ?`).get(id);
  if (row === undefined) throw new AppError('not-found', `There is no measurement ${id}.`);
  return toTuning(row);
}

/** The newest session with a result; null: there is none. */
export function findTuning(db: Database, on: TunedOn, subject: TuningSubject): Tuning | null {
  const row = statement<[string, string, string | null, string], TuningRow>(
    db,
    `SELECT ${COLUMNS} FROM tunings
     WHERE subject_key = ? AND device = ? AND driver IS ? AND tensorflow = ? AND results <> '[]'
     ORDER BY id DESC LIMIT 1`,
  ).get(tuningKey(subject), on.device, on.driver, on.tensorflow);
  return row === undefined ? null : toTuning(row);
}

function toTuning(row: TuningRow): Tuning {
  const where = (column: string): [string, string] => [`Measurement ${row.id}`, column];
  return {
    ...row,
    subject: readColumn(TuningSubject, row.subject, where('subject')),
    results: readColumn(z.array(TuningResult), row.results, where('results')),
    complete: row.complete === 1,
  };
}
