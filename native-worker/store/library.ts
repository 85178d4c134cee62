import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import { listBackups, migrate, newestVersion, refuseNewer, schemaVersion, type Migration } from './migrate.ts';
import { migrations } from './migrations/all.ts';
import { BACKUPS_FOLDER, DATABASE_NAME, databasePath, LOGS_FOLDER, OPEN_MARKER, TEMPORARY_FOLDER } from './paths.ts';

/** An open library: its folder, and this process's connection to its index. */
export interface Library {
  /** Absolute path. */
  readonly folder: string;
  readonly db: Database.Database;
  /** The service that held it before did not end in good order. Known to the holder only. */
  readonly uncleanEnd: boolean;
  close(): void;
}

export interface OpenOptions {
  /** Create and migrate: for the service that holds the library, and nobody else. */
  migrate?: boolean;
  /** Other steps than the app's, for tests. */
  steps?: readonly Migration[];
}

/** Another process's write lock is waited for this long; every write is far shorter. */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Opens a library, as its holder (`migrate: true`; creates what is missing) or as a job.
 *
 * @param folder the library's folder
 * @throws {AppError} 'newer-library'; 'not-found' if a job finds no library; 'corrupt-file' if the index is damaged;
 *   'no-space'; 'forbidden' if the folder can't be written
 */
export function openLibrary(folder: string, options: OpenOptions = {}): Library {
  const root = resolve(folder);
  const steps = options.steps ?? migrations;
  return options.migrate === true ? openAsHolder(root, steps) : openAsJob(root, steps);
}

function openAsHolder(folder: string, steps: readonly Migration[]): Library {
  const marker = join(folder, OPEN_MARKER);
  try {
    for (const part of ['files/datasets', 'files/runs', TEMPORARY_FOLDER, BACKUPS_FOLDER, LOGS_FOLDER]) {
      mkdirSync(join(folder, part), { recursive: true });
    }
  } catch (error) {
    throw cannotWrite(folder, error);
  }
  const uncleanEnd = existsSync(marker);
  const db = connect(folder);
  try {
    refuseNewer(db, steps);
    if (uncleanEnd) quickCheck(db, folder);
    migrate(db, folder, steps);
    writeMarker(marker);
  } catch (error) {
    db.close();
    throw readable(error, folder);
  }
  return {
    folder,
    db,
    uncleanEnd,
    close: () => {
      if (!db.open) return;
      db.pragma('wal_checkpoint(TRUNCATE)');
      db.close();
      rmSync(marker, { force: true });
    },
  };
}

function openAsJob(folder: string, steps: readonly Migration[]): Library {
  if (!existsSync(databasePath(folder))) {
    throw new AppError('not-found', `There is no library at ${folder}.`);
  }
  const db = connect(folder);
  try {
    refuseNewer(db, steps);
    const found = schemaVersion(db);
    if (found < newestVersion(steps)) {
      throw new AppError(
        'conflict',
        `The library at ${folder} is from an older EDM2 Studio; start EDM2 Studio once to bring it up to date.`,
      );
    }
  } catch (error) {
    db.close();
    throw readable(error, folder);
  }
  return { folder, db, uncleanEnd: false, close: () => db.close() };
}

/** Every connection is set up the same way; none of it but the journal mode is remembered by the file. */
function connect(folder: string): Database.Database {
  let db: Database.Database;
  try {
    db = new Database(databasePath(folder), { timeout: BUSY_TIMEOUT_MS });
  } catch (error) {
    throw readable(error, folder);
  }
  try {
    db.pragma('journal_mode = WAL');
    // The driver is built with NORMAL for WAL, which may lose the last commits when the power fails.
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
  } catch (error) {
    db.close();
    throw readable(error, folder);
  }
  return db;
}

function quickCheck(db: Database.Database, folder: string): void {
  const answer = db.pragma('quick_check', { simple: true });
  if (answer !== 'ok') throw damaged(folder, new Error(String(answer)));
}

function writeMarker(marker: string): void {
  const handle = openSync(marker, 'w');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function damaged(folder: string, cause: unknown): AppError {
  const newest = listBackups(folder).at(-1);
  const advice =
    newest === undefined
      ? 'There is no backup; move the file away to start with an empty library (pictures and snapshots stay under files/).'
      : `Put the newest backup in its place: ${newest}`;
  return new AppError('corrupt-file', `The library's index ${join(folder, DATABASE_NAME)} is damaged. ${advice}`, {
    cause,
  });
}

function cannotWrite(folder: string, cause: unknown): AppError {
  if (hasSystemCode(cause, 'ENOSPC')) {
    return new AppError('no-space', `The disk of ${folder} is full. Make room and start again.`, { cause });
  }
  return new AppError(
    'forbidden',
    `The library folder ${folder} can't be written. Choose another one with --library.`,
    { cause },
  );
}

/** Turns SQLite's errors into sentences. */
function readable(error: unknown, folder: string): unknown {
  if (hasSystemCode(error, 'SQLITE_CORRUPT') || hasSystemCode(error, 'SQLITE_NOTADB')) return damaged(folder, error);
  if (hasSystemCode(error, 'SQLITE_FULL')) {
    return new AppError('no-space', `The disk of ${folder} is full. Make room and start again.`, { cause: error });
  }
  if (hasSystemCode(error, 'SQLITE_CANTOPEN') || hasSystemCode(error, 'SQLITE_READONLY'))
    return cannotWrite(folder, error);
  return error;
}
