import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import { makeFolder } from '../system/make-folder.ts';
import { BACKUPS_FOLDER } from './paths.ts';

/** One numbered step of the schema. */
export interface Migration {
  /** `user_version` after it. */
  readonly version: number;
  readonly up: (db: Database.Database) => void;
}

/** Backups of earlier versions that are kept. */
const BACKUPS_KEPT = 3;

/** The schema's version of this file; 0: a new one. */
export function schemaVersion(db: Database.Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}

/** The newest version this EDM2 Studio knows. */
export function newestVersion(steps: readonly Migration[]): number {
  return steps.at(-1)?.version ?? 0;
}

/**
 * Brings a database up to the newest step, each step in a transaction of its own: a crash leaves the version before
 * or the version after it, nothing in between. A library with content is backed up first.
 *
 * @param db     an open connection
 * @param folder the library's folder; backups go to `backups/` in it
 * @param steps  all steps, versions rising
 * @throws {AppError} 'newer-library' if the file is newer than the last step
 */
export function migrate(db: Database.Database, folder: string, steps: readonly Migration[]): void {
  steps.forEach((step, index) => {
    if (step.version !== index + 1) throw new Error(`migration ${step.version} is at place ${index + 1} of the list`);
  });
  refuseNewer(db, steps);
  const isNew = schemaVersion(db) === 0;
  for (const step of steps) {
    const found = schemaVersion(db);
    if (found >= step.version) continue;
    if (!isNew) backUp(db, folder, found);
    db.transaction(() => {
      // Somebody else may have been quicker between our look and the lock.
      if (schemaVersion(db) >= step.version) return;
      step.up(db);
      db.pragma(`user_version = ${step.version}`);
    }).immediate();
  }
}

/** @throws {AppError} 'newer-library' */
export function refuseNewer(db: Database.Database, steps: readonly Migration[]): void {
  const found = schemaVersion(db);
  const known = newestVersion(steps);
  if (found > known) {
    throw new AppError(
      'newer-library',
      `This library was written by a newer EDM2 Studio (format ${found}, this one knows ${known}). Update EDM2 Studio, or choose another library folder.`,
    );
  }
}

/**
 * Copies the database to `backups/library-v<version>-<time>.sqlite`, checks the copy and removes all but the newest.
 *
 * @returns the copy's path
 */
export function backUp(db: Database.Database, folder: string, version: number): string {
  const backups = join(folder, BACKUPS_FOLDER);
  makeFolder(backups);
  const stamp = new Date().toISOString().replaceAll(/[:.]/g, '-');
  const path = join(backups, `library-${stamp}-v${version}.sqlite`);
  const temporary = `${path}.part`;
  rmSync(temporary, { force: true });
  db.prepare('VACUUM INTO ?').run(temporary);
  forgetUnfinished(temporary);
  verify(temporary);
  syncToDisk(temporary);
  renameSync(temporary, path);
  if (process.platform !== 'win32') syncToDisk(backups); // Windows can't sync a folder; its rename is journalled
  const all = listBackups(folder);
  for (const old of all.slice(0, -BACKUPS_KEPT)) rmSync(old);
  return path;
}

/** Paths of the backups, oldest first: versions only rise, whatever the clock on the wall said when they were made. */
export function listBackups(folder: string): string[] {
  const backups = join(folder, BACKUPS_FOLDER);
  makeFolder(backups);
  return readdirSync(backups)
    .filter((name) => name.startsWith('library-') && name.endsWith('.sqlite'))
    .sort((a, b) => versionIn(a) - versionIn(b) || (a < b ? -1 : 1))
    .map((name) => join(backups, name));
}

function versionIn(name: string): number {
  return Number(/-v(\d+)\.sqlite$/.exec(name)?.[1] ?? 0);
}

/** A backup that is put back later must not call files unfinished that were finished since. */
function forgetUnfinished(path: string): void {
  const copy = new Database(path);
  try {
    const table = `SELECT 1 FROM sqlite_schema WHERE name = 'unfinished_files'`;
    if (copy.prepare(table).get() !== undefined) copy.exec('DELETE FROM unfinished_files');
  } finally {
    copy.close();
  }
}

function verify(path: string): void {
  const copy = new Database(path, { readonly: true });
  try {
    const answer = copy.pragma('integrity_check', { simple: true });
    if (answer !== 'ok') {
      throw new AppError(
        'corrupt-file',
        `The backup of the library is damaged (${String(answer)}); nothing was changed.`,
      );
    }
  } finally {
    copy.close();
  }
}

function syncToDisk(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
