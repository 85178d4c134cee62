import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { makeFolder } from '../system/make-folder.ts';
import type { Library } from './library.ts';
import { patiently } from './patience.ts';
import { insideLibrary, statOf } from './paths.ts';
import { statement, write } from './statements.ts';

/**
 * Files and the rows that know them. A file comes before its row and goes after it, so a crash in between leaves a file
 * that no row knows. Table `unfinished_files` names exactly those, from before the first byte is written and from the
 * very transaction that drops a row: no other file is ever deleted because the index does not know it.
 */

/** Tables whose rows name a file each. */
const TABLES = ['snapshots', 'checkpoints', 'samples', 'reconstructions', 'datasets'] as const;

/**
 * Makes files and records them, each as soon as the index is free to be written. If anything goes wrong, those that no
 * row knew before are removed.
 *
 * @param files  relative paths; their folders are made
 * @param make   writes or moves each to its place, whole or not at all; is given the absolute paths
 * @param record inserts their rows; runs in one transaction with the end of the notes
 * @returns what `record` returned
 * @throws whatever `make` and `record` throw; {AppError} 'forbidden' for a path that leads out of the library
 */
export async function recordFiles<Made, Recorded>(
  library: Library,
  files: readonly string[],
  make: (paths: readonly string[]) => Made | Promise<Made>,
  record: (made: Made) => Recorded,
): Promise<Recorded> {
  const { db, folder } = library;
  const paths = files.map((file) => insideLibrary(folder, file));
  const fresh = await patiently(() =>
    write(db, () => {
      for (const file of files) statement(db, 'INSERT OR IGNORE INTO unfinished_files (file) VALUES (?)').run(file);
      return paths.filter((_, index) => !isRecorded(db, files[index]!));
    }),
  );
  try {
    for (const path of paths) makeFolder(dirname(path));
    const made = await make(paths);
    return await patiently(() =>
      write(db, () => {
        const recorded = record(made);
        forgetNotes(db, files);
        return recorded;
      }),
    );
  } catch (error) {
    for (const path of fresh) rmSync(path, { force: true }); // their notes stay for the next start, which finds nothing
    throw error;
  }
}

/**
 * Drops rows, then deletes their files. A file that another row still names stays.
 *
 * @param drop deletes the rows and returns the relative paths of their files; runs in one transaction with their notes
 */
export async function dropFiles(library: Library, drop: () => readonly string[]): Promise<void> {
  const { db } = library;
  const files = write(db, () => {
    const dropped = drop();
    for (const file of dropped) statement(db, 'INSERT OR IGNORE INTO unfinished_files (file) VALUES (?)').run(file);
    return dropped;
  });
  for (const file of files) {
    const path = isRecorded(db, file) ? null : removable(library, file);
    if (path !== null) await rm(path, { force: true });
  }
  // The rows are gone, so that the caller can't do it all again where the index is locked now.
  if (db.open) await patiently(() => write(db, () => forgetNotes(db, files)));
}

/** The notes that a crash left. */
export function unfinishedFiles(db: Database): string[] {
  return statement<[], string>(db, 'SELECT file FROM unfinished_files ORDER BY file').pluck().all();
}

export function forgetNotes(db: Database, files: readonly string[]): void {
  for (const file of files) statement(db, 'DELETE FROM unfinished_files WHERE file = ?').run(file);
}

/** Every file that a row names. */
export function recordedFiles(db: Database): Set<string> {
  return new Set(TABLES.flatMap((table) => statement<[], string>(db, `SELECT file FROM ${table}`).pluck().all()));
}

function isRecorded(db: Database, file: string): boolean {
  return TABLES.some(
    (table) => statement<[string], number>(db, `SELECT 1 FROM ${table} WHERE file = ?`).get(file) !== undefined,
  );
}

/** Where a file lies that may be deleted; null: nothing is there, it is no regular file, or it lies outside the library. */
export function removable({ folder }: Library, file: string): string | null {
  try {
    const path = insideLibrary(folder, file);
    return statOf(path)?.isFile() === true ? path : null;
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}
