import type { Database } from 'better-sqlite3';
import * as z from 'zod';
import { AppError } from '../../contract/errors.ts';
import { UsedGuidance } from '../../contract/guidance.ts';
import { ModelRef } from '../../contract/models.ts';
import type { Sample } from '../../contract/samples.ts';
import { SamplerConfig } from '../../contract/training.ts';
import { COUNTS } from './counting.ts';
import { readableRows, readColumn } from './rows.ts';
import { insertedId, statement } from './statements.ts';

/** Table `samples`: sheets of generated pictures. Write the file durably first, then the row. */

export interface NewSample extends Omit<Sample, 'id' | 'createdAt'> {
  /** PNG of the sheet, relative to the library; see `samplePath`. */
  file: string;
}

interface SampleRow extends Omit<Sample, 'seeds' | 'labels' | 'sampler' | 'model' | 'guidance'> {
  model: string | null;
  guidance: string | null;
  seeds: string;
  labels: string;
  sampler: string;
}

const COLUMNS = `id, run_id AS runId, origin, nimg, ema_std AS sigmaRel, snapshot_id AS snapshotId, model, seeds, labels, columns,
  resolution, sampler, guidance, precision, seconds, created_at AS createdAt`;

/** @returns the new sample's id */
export function insertSample(db: Database, sample: NewSample, createdAt = Date.now()): number {
  if (sample.seeds.length !== sample.labels.length) {
    throw new AppError('shape', `${sample.seeds.length} seeds do not fit ${sample.labels.length} labels`);
  }
  const result = statement(
    db,
    `INSERT INTO samples (run_id, snapshot_id, model, origin, nimg, ema_std, seeds, labels, columns, resolution, sampler,
       guidance, precision, file, seconds, created_at, self_described)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)`,
  ).run(
    sample.runId,
    sample.snapshotId,
    sample.model === null ? null : JSON.stringify(sample.model),
    sample.origin,
    sample.nimg,
    sample.sigmaRel,
    JSON.stringify(sample.seeds),
    JSON.stringify(sample.labels),
    sample.columns,
    sample.resolution,
    JSON.stringify(sample.sampler),
    sample.guidance === null ? null : JSON.stringify(sample.guidance),
    sample.precision,
    sample.file,
    sample.seconds,
    createdAt,
  );
  return insertedId(result);
}

/**
 * Sheets, oldest first; of more than `limit` the newest. What its run has undone is left out.
 *
 * @param runId  null: of all runs
 * @param origin null: all
 */
export function listSamples(
  db: Database,
  { runId, origin, limit }: { runId: number | null; origin: Sample['origin'] | null; limit: number },
): Sample[] {
  const rows = statement<[Record<string, number | string | null>], SampleRow>(
    db,
    `SELECT ${COLUMNS} FROM samples
     WHERE (@runId IS NULL OR run_id = @runId) AND (@origin IS NULL OR origin = @origin) AND ${COUNTS}
     ORDER BY id DESC LIMIT @limit`,
  ).all({ runId, origin, limit });
  return readableRows(db, rows, toSample).reverse();
}

/** Whether a run has drawn its grid of a moment. */
export function hasGrid(db: Database, runId: number, nimg: number): boolean {
  const found = statement<[number, number], number>(
    db,
    `SELECT 1 FROM samples WHERE run_id = ? AND origin = 'grid' AND nimg = ? AND ${COUNTS}`,
  );
  return found.pluck().get(runId, nimg) !== undefined;
}

/** @throws {AppError} 'not-found' */
export function getSample(db: Database, id: number): Sample {
  const row = statement<[number], SampleRow>(db, `SELECT ${COLUMNS} FROM samples WHERE id = ?`).get(id);
  if (row === undefined) throw noSample(id);
  return toSample(row);
}

/** Sheets of a run whose files don't say what they are, with their files; oldest first. */
export function undescribedSamples(db: Database, runId: number): (Sample & { file: string })[] {
  return statement<[number], SampleRow & { file: string }>(
    db,
    `SELECT ${COLUMNS}, file FROM samples WHERE run_id = ? AND self_described = 0 ORDER BY id`,
  )
    .all(runId)
    .map((row) => ({ ...toSample(row), file: row.file }));
}

/** @returns path of the sheet, relative to the library */
export function sampleFile(db: Database, id: number): string {
  const file = statement<[number], string>(db, 'SELECT file FROM samples WHERE id = ?').pluck().get(id);
  if (file === undefined) throw noSample(id);
  return file;
}

/** Deletes a row. @returns the file that goes with it, for `dropFiles` */
export function deleteSampleRow(db: Database, id: number): string {
  const file = statement<[number], string>(db, 'DELETE FROM samples WHERE id = ? RETURNING file').pluck().get(id);
  if (file === undefined) throw noSample(id);
  return file;
}

const Seeds = z.array(z.int());
const Labels = z.array(z.int().nullable());

function toSample(row: SampleRow): Sample {
  const read = <T extends z.ZodType>(schema: T, text: string, column: string): z.output<T> =>
    readColumn(schema, text, [`Sample ${row.id}`, column]);
  return {
    ...row,
    model: row.model === null ? null : read(ModelRef, row.model, 'model'),
    seeds: read(Seeds, row.seeds, 'seeds'),
    labels: read(Labels, row.labels, 'classes'),
    sampler: read(SamplerConfig, row.sampler, 'sampler'),
    guidance: row.guidance === null ? null : read(UsedGuidance, row.guidance, 'guidance'),
  };
}

function noSample(id: number): AppError {
  return new AppError('not-found', `There is no sample ${id}.`);
}
