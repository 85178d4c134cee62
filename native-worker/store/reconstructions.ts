import type { Database } from 'better-sqlite3';
import * as z from 'zod';
import { AppError } from '../../contract/errors.ts';
import { RecipeTerm } from '../../contract/recipe.ts';
import type { Reconstruction } from '../../contract/reconstructions.ts';
import { COUNTS } from './counting.ts';
import { readableRows, readColumn } from './rows.ts';
import { insertedId, statement } from './statements.ts';

/** Table `reconstructions`: kept averages of other lengths, one file each. Write the file durably first, then the row. */

export interface NewReconstruction extends Omit<Reconstruction, 'id' | 'createdAt'> {
  /** Relative to the library; see `reconstructionPath`. */
  file: string;
}

interface Row extends Omit<Reconstruction, 'terms'> {
  terms: string;
}

const COLUMNS = `id, run_id AS runId, job_id AS jobId, name, nimg, ema_std AS sigmaRel, error, terms, size_bytes AS sizeBytes,
  sha256, created_at AS createdAt`;

/** @returns its id */
export function insertReconstruction(db: Database, made: NewReconstruction, createdAt = Date.now()): number {
  return insertedId(
    statement(
      db,
      `INSERT INTO reconstructions (run_id, job_id, name, nimg, ema_std, error, terms, file, size_bytes, sha256, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ).run(
      made.runId,
      made.jobId,
      made.name,
      made.nimg,
      made.sigmaRel,
      made.error,
      JSON.stringify(made.terms),
      made.file,
      made.sizeBytes,
      made.sha256,
      createdAt,
    ),
  );
}

/**
 * Sorted by time, then by length. What its run has undone is left out.
 *
 * @param runId null: of all runs
 */
export function listReconstructions(db: Database, runId: number | null): Reconstruction[] {
  const rows = statement<[{ runId: number | null }], Row>(
    db,
    `SELECT ${COLUMNS} FROM reconstructions WHERE (@runId IS NULL OR run_id = @runId) AND ${COUNTS}
     ORDER BY run_id, nimg, ema_std, id`,
  ).all({ runId });
  return readableRows(db, rows, toReconstruction);
}

/** @throws {AppError} 'not-found' */
export function getReconstruction(db: Database, id: number): Reconstruction & { file: string } {
  const row = statement<[number], Row & { file: string }>(
    db,
    `SELECT ${COLUMNS}, file FROM reconstructions WHERE id = ?`,
  ).get(id);
  if (row === undefined) throw new AppError('not-found', `There is no kept reconstruction ${id}.`);
  const { file, ...rest } = row;
  return { ...toReconstruction(rest), file };
}

/** @throws {AppError} 'not-found' */
export function renameReconstruction(db: Database, id: number, name: string): void {
  getReconstruction(db, id);
  statement(db, 'UPDATE reconstructions SET name = ? WHERE id = ?').run(name, id);
}

/** Deletes a row. @returns the file that goes with it, for `dropFiles` */
export function deleteReconstructionRow(db: Database, id: number): string {
  const { file } = getReconstruction(db, id);
  statement(db, 'DELETE FROM reconstructions WHERE id = ?').run(id);
  return file;
}

const Terms = z.array(RecipeTerm);

/** Column `terms` of a row. @throws {AppError} 'corrupt-file' */
export function readTerms(id: number, text: string): RecipeTerm[] {
  return readColumn(Terms, text, [`Reconstruction ${id}`, 'terms']);
}

function toReconstruction(row: Row): Reconstruction {
  return { ...row, terms: readTerms(row.id, row.terms) };
}
