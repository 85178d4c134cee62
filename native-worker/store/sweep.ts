import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { hasSystemCode } from '../../contract/errors.ts';
import { exactImages } from '../../contract/units.ts';
import { isTemporaryName } from './durable-file.ts';
import type { Library } from './library.ts';
import { insertLog } from './log.ts';
import { hashRegularFile } from './open-file.ts';
import { datasetRecordPath, mosaicPath, runRecordPath, statOf, TEMPORARY_FOLDER } from './paths.ts';
import { forgetNotes, recordedFiles, removable, unfinishedFiles } from './recorded-files.ts';
import { asideFolder, filesBelow, removeEmptyFolders, setAside, type FoundFile } from './set-aside.ts';
import { statement, write } from './statements.ts';

/** What a sweep found and did. Relative paths. */
export interface SweepResult {
  /** Files that a crash left unfinished, and temporary ones; deleted. */
  deleted: string[];
  /** Files that the library does not know; moved to the folder `into`. */
  setAside: string[];
  /** Where they lie now; null: there were none. */
  into: string | null;
  /** Files that could not be moved, and links, which are never followed. */
  leftAlone: { file: string; why: string }[];
  /** Files that rows name and that are gone. */
  lost: string[];
}

/** Where every file is one of ours, or does not belong there. */
const SWEPT_FOLDERS = ['files/runs', 'files/datasets', TEMPORARY_FOLDER];

/**
 * Makes rows and files agree, as the service does once at start, when no job runs. Rows whose file has gone are removed
 * (a dataset, which runs refer to, is marked) and the run's log says so. Temporary files, and files that a crash left
 * unfinished, are deleted. Whatever else no row knows is set aside: the index may be older than the files.
 */
export function sweep(library: Library, at = new Date()): SweepResult {
  const result: SweepResult = { deleted: [], setAside: [], into: null, leftAlone: [], lost: [] };
  const found = SWEPT_FOLDERS.flatMap((folder) => filesBelow(library.folder, folder));
  const there = new Set(found.map(({ file }) => file));
  removeLostRows(library, there, result);
  markLostDatasets(library, there, result);
  removeTemporaries(library, found, result);
  const known = new Set([...recordedFiles(library.db), ...ownFiles(library), ...result.deleted]);
  const unknown = found.filter(({ file }) => !known.has(file));
  for (const { file } of unknown.filter(({ link }) => link)) {
    result.leftAlone.push({ file, why: 'It is a symbolic link.' });
  }
  const unfinished = new Set(unfinishedFiles(library.db));
  const files = unknown.filter(({ link }) => !link).map(({ file }) => file);
  const strangers = files.filter((file) => !unfinished.has(file));
  // With strangers beside them, notes may be as old as an index that was put back: then what they name is no litter.
  if (strangers.length > 0) moveAside(library, files, at, result);
  else for (const file of files) remove(library, file, result);
  settleReplaced(library, unfinished);
  removeEmptied(library, result);
  write(library.db, () => forgetNotes(library.db, [...unfinished]));
  return result;
}

function removeLostRows({ db, folder }: Library, there: ReadonlySet<string>, result: SweepResult): void {
  for (const [table, what] of [
    ['snapshots', 'snapshot'],
    ['checkpoints', 'checkpoint'],
    ['samples', 'sheet of pictures'],
    ['reconstructions', 'reconstructed average'],
  ] as const) {
    const rows = statement<[], { id: number; runId: number; nimg: number; file: string }>(
      db,
      `SELECT id, run_id AS runId, nimg, file FROM ${table}`,
    ).all();
    for (const { id, runId, nimg, file } of rows) {
      if (there.has(file) || isThere(folder, file)) continue;
      write(db, () => {
        statement(db, `DELETE FROM ${table} WHERE id = ?`).run(id);
        const text = `The file of the ${what} at ${exactImages(nimg)} has disappeared (${file}); it is no longer listed.`;
        insertLog(db, { runId, nimg, level: 'warn', text });
      });
      result.lost.push(file);
    }
  }
}

function markLostDatasets({ db, folder }: Library, there: ReadonlySet<string>, result: SweepResult): void {
  const rows = statement<[], { id: number; file: string; missing: number }>(
    db,
    'SELECT id, file, missing FROM datasets',
  ).all();
  for (const { id, file, missing } of rows) {
    const gone = there.has(file) || isThere(folder, file) ? 0 : 1;
    if (gone === missing) continue; // a file that was put back counts again
    statement(db, 'UPDATE datasets SET missing = ? WHERE id = ?').run(gone, id);
    if (gone === 1) result.lost.push(file);
  }
}

/** A row is given up only where the system says that nothing lies there, not where it won't let us look. Slow: for what was not found. */
function isThere(folder: string, file: string): boolean {
  try {
    return statOf(join(folder, file)) !== null;
  } catch (error) {
    if (hasSystemCode(error, 'EACCES') || hasSystemCode(error, 'ELOOP')) return true;
    throw error;
  }
}

/** What jobs and writers were at work on: names that nothing else has. */
function removeTemporaries(library: Library, found: readonly FoundFile[], result: SweepResult): void {
  for (const { file, link } of found) {
    const ofJob = /^files\/tmp\/job-\d+\//u.test(file) || file === `${TEMPORARY_FOLDER}/demo-set.safetensors`;
    if (!link && (ofJob || isTemporaryName(basename(file)))) remove(library, file, result);
  }
}

/**
 * A file that was to take the place of one with a row is whole, whether the old one or the new one; only the row may say
 * the old one's hash.
 */
function settleReplaced(library: Library, unfinished: ReadonlySet<string>): void {
  for (const file of unfinished) {
    const path = removable(library, file);
    if (path === null) continue;
    for (const table of ['snapshots', 'checkpoints', 'reconstructions']) {
      const row = statement<[string], { id: number }>(library.db, `SELECT id FROM ${table} WHERE file = ?`).get(file);
      if (row === undefined) continue;
      const { sha256, sizeBytes } = hashRegularFile(path);
      statement(library.db, `UPDATE ${table} SET sha256 = ?, size_bytes = ? WHERE id = ?`).run(
        sha256,
        sizeBytes,
        row.id,
      );
    }
  }
}

/** Files without a row that are known by their place: records, and what is drawn of a dataset when it is looked at. */
function ownFiles({ db }: Library): string[] {
  const datasets = statement<[], number>(db, 'SELECT id FROM datasets').pluck().all();
  const runs = statement<[], number>(db, 'SELECT id FROM runs').pluck().all();
  return [...runs.map(runRecordPath), ...datasets.map(datasetRecordPath), ...datasets.map(mosaicPath)];
}

function moveAside(library: Library, files: readonly string[], at: Date, result: SweepResult): void {
  const into = asideFolder(at);
  const { moved, left } = setAside(library.folder, files, into);
  result.setAside.push(...moved);
  result.leftAlone.push(...left);
  if (moved.length > 0) result.into = into;
}

/** Of a job, a run or a dataset that is gone, nothing stays; a run that lives makes its folders when it needs them. */
function removeEmptied({ folder }: Library, { deleted, setAside: moved }: SweepResult): void {
  const emptied = [...deleted, ...moved].map((file) => /^files\/(?:tmp|runs|datasets)\/[^/]+(?=\/)/u.exec(file)?.[0]);
  for (const path of new Set(emptied)) if (path !== undefined) removeEmptyFolders(folder, path);
}

function remove(library: Library, file: string, result: SweepResult): void {
  const path = removable(library, file);
  if (path === null) return;
  rmSync(path);
  result.deleted.push(file);
}
