import type { Database } from 'better-sqlite3';
import * as z from 'zod';
import { ImportProblem, type Dataset } from '../../contract/datasets.ts';
import { AppError } from '../../contract/errors.ts';
import { beginning, isSameName, LONGEST_NAME } from '../../contract/names.ts';
import type { Library } from './library.ts';
import { insideLibrary, statOf } from './paths.ts';
import { readableRows, readColumn } from './rows.ts';
import { statement, write } from './statements.ts';

/** Table `datasets`: packed sets of pictures. */

export interface NewDataset extends Omit<Dataset, 'createdAt' | 'problemCount'> {
  /** Packed pictures, relative to the library; see `picturesPath`. */
  file: string;
  /** Null: an earlier version took it in. */
  contentSha256: string | null;
  problems: ImportProblem[];
}

interface DatasetRow extends Omit<Dataset, 'classes' | 'classCounts'> {
  classes: string;
  classCounts: string;
}

const COLUMNS = `id, name, source, attribution, resolution, channels, classes, class_counts AS classCounts, count,
  pixel_std AS pixelStd, size_bytes AS sizeBytes, sha256, created_at AS createdAt, 
  iif(json_valid(problems), json_array_length(problems), 0) AS problemCount`;

/** The id of the dataset that comes next: its file lies in a folder of that name before there is a row. */
export function nextDatasetId(db: Database): number {
  const last = statement<[], number>(db, `SELECT seq FROM sqlite_sequence WHERE name = 'datasets'`).pluck().get();
  return (last ?? 0) + 1;
}

/**
 * Records a dataset. Where its name is taken, a number behind it tells them apart.
 *
 * @returns its id
 */
export function insertDataset(db: Database, dataset: NewDataset, createdAt = Date.now()): number {
  return write(db, () => {
    const name = freeName(db, dataset.name, dataset.id);
    return statement<unknown[], number>(
      db,
      `INSERT INTO datasets (id, name, source, attribution, resolution, channels, classes, class_counts, count, pixel_std,
         file, size_bytes, sha256, content_sha256, problems, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    )
      .pluck()
      .get(
        dataset.id,
        name,
        dataset.source,
        dataset.attribution,
        dataset.resolution,
        dataset.channels,
        JSON.stringify(dataset.classes),
        JSON.stringify(dataset.classCounts),
        dataset.count,
        dataset.pixelStd,
        dataset.file,
        dataset.sizeBytes,
        dataset.sha256,
        dataset.contentSha256,
        JSON.stringify(dataset.problems),
        createdAt,
      )!;
  });
}

/** Oldest first. Datasets whose file is gone are left out. */
export function listDatasets(db: Database): Dataset[] {
  const rows = statement<[], DatasetRow>(db, `SELECT ${COLUMNS} FROM datasets WHERE missing = 0 ORDER BY id`).all();
  return readableRows(db, rows, toDataset);
}

/** @throws {AppError} 'not-found' */
export function getDataset(db: Database, id: number): Dataset {
  const row = statement<[number], DatasetRow>(db, `SELECT ${COLUMNS} FROM datasets WHERE id = ?`).get(id);
  if (row === undefined) throw noDataset(id);
  return toDataset(row);
}

/**
 * @returns path of the packed file, relative to the library
 * @throws {AppError} 'not-found' if there is no such dataset, or its file is gone
 */
export function datasetFile(db: Database, id: number): string {
  const row = fileRow(db, id);
  if (row.missing === 1) throw picturesGone(row);
  return row.file;
}

/**
 * The packed file, for who is about to read it: a file may go while the service lives.
 *
 * @returns absolute path
 * @throws {AppError} 'not-found' if there is no such dataset, or its file is gone
 */
export function datasetPath({ db, folder }: Pick<Library, 'db' | 'folder'>, id: number): string {
  const path = insideLibrary(folder, datasetFile(db, id));
  if (statOf(path) === null) throw picturesGone(fileRow(db, id));
  return path;
}

interface FileRow {
  readonly file: string;
  readonly missing: number;
  readonly name: string;
  readonly resolution: number;
  readonly contentSha256: string | null;
}

function fileRow(db: Database, id: number): FileRow {
  const row = statement<[number], FileRow>(
    db,
    'SELECT file, missing, name, resolution, content_sha256 AS contentSha256 FROM datasets WHERE id = ?',
  ).get(id);
  if (row === undefined) throw noDataset(id);
  return row;
}

function picturesGone({ name, resolution, contentSha256 }: FileRow): AppError {
  // A set of an earlier version is known by its file alone, which says its name.
  const how = contentSha256 === null ? 'from the same folder under the same name' : 'under any name';
  return new AppError(
    'not-found',
    `The pictures of dataset "${name}" are no longer in the library; import them again at ${resolution}×${resolution}, ${how}, and its runs go on with them. Pictures that differ are another dataset, which takes a new run.`,
  );
}

/**
 * The dataset that has this content and whose file is gone.
 *
 * @param sha256        of the packed file, by which sets of earlier versions are known
 * @param contentSha256 of what is in it; null: not known
 * @returns its id and where its file lay, relative to the library; null: there is none
 */
export function findLostDataset(
  { db, folder }: Pick<Library, 'db' | 'folder'>,
  sha256: string,
  contentSha256: string | null,
): { id: number; file: string } | null {
  const rows = statement<[string, string | null], { id: number; file: string }>(
    db,
    'SELECT id, file FROM datasets WHERE sha256 = ? OR content_sha256 = ? ORDER BY id',
  ).all(sha256, contentSha256);
  return rows.find(({ file }) => statOf(insideLibrary(folder, file)) === null) ?? null;
}

/** The pictures of a dataset are back; whatever they are called now, its runs go on with them. */
export function restoreDataset(db: Database, dataset: NewDataset, keepsName: boolean): void {
  write(db, () =>
    statement(
      db,
      `UPDATE datasets SET missing = 0, name = coalesce(?, name), source = ?, attribution = ?, size_bytes = ?, sha256 = ?, content_sha256 = ?,
         problems = ? WHERE id = ?`,
    ).run(
      keepsName ? null : freeName(db, dataset.name, dataset.id),
      dataset.source,
      dataset.attribution,
      dataset.sizeBytes,
      dataset.sha256,
      dataset.contentSha256,
      JSON.stringify(dataset.problems),
      dataset.id,
    ),
  );
}

/** The files that were left out at import, and why. */
export function datasetProblems(db: Database, id: number): ImportProblem[] {
  const text = statement<[number], string>(db, 'SELECT problems FROM datasets WHERE id = ?').pluck().get(id);
  if (text === undefined) throw noDataset(id);
  return readColumn(z.array(ImportProblem), text, [`Dataset ${id}`, 'problems']);
}

/** The dataset with this content; null: there is none. */
export function findDatasetByHash(db: Database, sha256: string): number | null {
  return (
    statement<[string], number>(db, 'SELECT id FROM datasets WHERE sha256 = ? AND missing = 0').pluck().get(sha256) ??
    null
  );
}

/** The name, or the name with the first number behind it that no other dataset has (names that look the same are one): "Birds (2)". */
function freeName(db: Database, name: string, ofId: number): string {
  let free = name;
  for (let number = 2; hasName(db, free, ofId); number += 1) free = `${beginning(name, LONGEST_NAME - 6)} (${number})`;
  return free;
}

function hasName(db: Database, name: string, exceptId: number): boolean {
  const others = statement<[number], string>(db, 'SELECT name FROM datasets WHERE missing = 0 AND id <> ?');
  return others
    .pluck()
    .all(exceptId)
    .some((other) => isSameName(other, name));
}

/** @throws {AppError} 'not-found'; 'conflict' if another dataset has the name */
export function renameDataset(db: Database, id: number, name: string): void {
  if (hasName(db, name, id)) {
    throw new AppError('conflict', `There is another dataset "${name}". Choose a name that is free.`);
  }
  const result = statement(db, 'UPDATE datasets SET name = ? WHERE id = ?').run(name, id);
  if (result.changes === 0) throw noDataset(id);
}

/**
 * Deletes a row. No run may use it (the foreign key holds that).
 *
 * @returns the file that goes with it, for `dropFiles`
 */
export function deleteDatasetRow(db: Database, id: number): string {
  const file = statement<[number], string>(db, 'DELETE FROM datasets WHERE id = ? RETURNING file').pluck().get(id);
  if (file === undefined) throw noDataset(id);
  return file;
}

const Names = z.array(z.string());
const Counts = z.array(z.int());

function toDataset(row: DatasetRow): Dataset {
  return {
    ...row,
    classes: readColumn(Names, row.classes, [`Dataset ${row.id}`, 'classes']),
    classCounts: readColumn(Counts, row.classCounts, [`Dataset ${row.id}`, 'counts of classes']),
  };
}

function noDataset(id: number): AppError {
  return new AppError('not-found', `There is no dataset ${id}.`);
}
