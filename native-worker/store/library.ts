import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, lstatSync, openSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import { isFull, isLocked } from '../../contract/system-errors.ts';
import type { LibraryIdentity } from '../../contract/library.ts';
import { placeOf, removeOwn, watchPlace } from '../system/files.ts';
import { needAccess } from '../system/refusal.ts';
import { makeFolder } from '../system/make-folder.ts';
import { beginAnew, holdsFiles, indexLost, lacksIndex } from './lost-index.ts';
import { migrate, newestVersion, refuseNewer, schemaVersion, type Migration } from './migrate.ts';
import { migrations } from './migrations/all.ts';
import { BACKUPS_FOLDER, databasePath, LOGS_FOLDER, OPEN_MARKER, TEMPORARY_FOLDER } from './paths.ts';
import { readNote } from './settings.ts';
import { unusableLibrary } from './unusable.ts';

/** An open library: its folder, and this process's connection to its index. */
export interface Library {
  /** Absolute path. */
  readonly folder: string;
  readonly db: Database.Database;
  /** The service that held it before did not end in good order. Known to the holder only. */
  readonly uncleanEnd: boolean;
  /** Which library it is, as it lies now. */
  identity(): LibraryIdentity;
  /** Whether the index that is open still lies in the folder: the folder may be moved, removed and made anew. */
  stillThere(): boolean;
  close(): void;
}

export interface OpenOptions {
  /** Create and migrate: for the service that holds the library, and nobody else. */
  migrate?: boolean;
  /** If the index is missing, empty or damaged, set it and all files aside and begin an empty library. */
  newIndex?: boolean | undefined;
  /** Other steps than the app's, for tests. */
  steps?: readonly Migration[];
}

/** A connection stands still so long while another one holds the write lock; further patience is `patiently`'s. */
const BUSY_TIMEOUT_MS = 50;

/** The note in the index that tells libraries apart. */
const ID_NOTE = 'libraryId';

/** Of a folder that has gone: like no other's. */
const NOWHERE = { device: '0', inode: '0' };

/**
 * Opens a library, as its holder (`migrate: true`; creates what is missing) or as a job.
 *
 * @param folder the library's folder
 * @throws {AppError} 'newer-library'; 'not-found' if a job finds no library; 'index-lost' if the index is missing, empty
 *   or damaged; 'conflict' if it is another program's; 'no-space'; 'forbidden' if the folder can't be written
 */
export function openLibrary(folder: string, options: OpenOptions = {}): Library {
  const root = resolve(folder);
  const steps = options.steps ?? migrations;
  if (options.migrate !== true) return openAsJob(root, steps);
  try {
    return openAsHolder(root, steps);
  } catch (error) {
    if (options.newIndex !== true || !(error instanceof AppError) || error.code !== 'index-lost') throw error;
    beginAnew(root);
    return openAsHolder(root, steps);
  }
}

/** Made in every library, in this order. */
const FOLDERS = ['files', 'files/datasets', 'files/runs', TEMPORARY_FOLDER, BACKUPS_FOLDER, LOGS_FOLDER];

function openAsHolder(folder: string, steps: readonly Migration[]): Library {
  const marker = join(folder, OPEN_MARKER);
  makeFolders(folder);
  if (lacksIndex(folder) && holdsFiles(folder)) {
    throw indexLost(folder, existsSync(databasePath(folder)) ? 'is empty' : 'is missing');
  }
  const uncleanEnd = existsSync(marker);
  const mark = `${process.pid} ${randomUUID()}\n`;
  const db = connect(folder);
  try {
    if (!hasTables(db) && holdsFiles(folder)) throw indexLost(folder, 'is empty');
    refuseNewer(db, steps);
    if (uncleanEnd) quickCheck(db, folder);
    migrate(db, folder, steps);
    writeMarker(marker, mark);
  } catch (error) {
    db.close();
    throw readable(error, folder);
  }
  return {
    ...opened(folder, db),
    uncleanEnd,
    close: () => {
      if (!db.open) return;
      try {
        db.pragma('wal_checkpoint(TRUNCATE)');
      } catch (error) {
        // Then what was written stays in the -wal, where whoever opens the index next finds it.
        if (!isFull(error) && !isLocked(error)) throw error;
      } finally {
        db.close();
      }
      removeOwn(marker, mark);
    },
  };
}

/** @throws {AppError} 'forbidden' if one can't be made, or is a link to somewhere else */
function makeFolders(folder: string): void {
  for (const part of FOLDERS) {
    const path = join(folder, part);
    let isLink: boolean;
    try {
      makeFolder(path);
      isLink = lstatSync(path).isSymbolicLink();
    } catch (error) {
      throw unusableLibrary(folder, error);
    }
    if (isLink) {
      throw new AppError(
        'forbidden',
        `${path} is a symbolic link, and a library lies in one folder. Put what it leads to in its place, or move the whole library and name it with --library.`,
      );
    }
    needAccess(path);
  }
}

/** What an open library is, whoever opened it. */
function opened(folder: string, db: Database.Database): Pick<Library, 'folder' | 'db' | 'identity' | 'stillThere'> {
  return {
    folder,
    db,
    identity: () => ({ id: String(readNote(db, ID_NOTE)), path: folder, ...(placeOf(folder) ?? NOWHERE) }),
    stillThere: watchPlace(databasePath(folder)),
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
  return { ...opened(folder, db), uncleanEnd: false, close: () => db.close() };
}

/** Every connection is set up the same way; none of it but the journal mode is remembered by the file. */
function connect(folder: string): Database.Database {
  let db: Database.Database;
  // What may only be read SQLite opens all the same, and the first write fails somewhere.
  for (const suffix of ['', '-wal', '-shm']) needAccess(`${databasePath(folder)}${suffix}`);
  try {
    db = new Database(databasePath(folder), { timeout: BUSY_TIMEOUT_MS });
  } catch (error) {
    throw readable(error, folder);
  }
  try {
    refuseForeign(db);
    db.pragma('journal_mode = WAL');
    // The driver is built with NORMAL for WAL, which may lose the last commits when the power fails.
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    // A full or missing folder for temporary files is none of the library's business: sorting needs some MB at most.
    db.pragma('temp_store = MEMORY');
  } catch (error) {
    db.close();
    throw readable(error, folder);
  }
  return db;
}

/** A database with tables and without a version is none of ours. @throws {AppError} 'conflict' */
function refuseForeign(db: Database.Database): void {
  if (schemaVersion(db) > 0 || !hasTables(db)) return;
  throw new AppError(
    'conflict',
    `${db.name} is a database of another program; it is left alone. Name another folder with --library.`,
  );
}

function hasTables(db: Database.Database): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema').get() !== undefined;
}

function quickCheck(db: Database.Database, folder: string): void {
  const answer = db.pragma('quick_check', { simple: true });
  if (answer !== 'ok') throw indexLost(folder, 'is damaged', new Error(String(answer)));
}

/** @param mark what tells our marker from that of a library that is made anew in the same place */
function writeMarker(marker: string, mark: string): void {
  const handle = openSync(marker, 'w');
  try {
    writeSync(handle, mark);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Turns SQLite's errors into sentences. */
function readable(error: unknown, folder: string): unknown {
  if (hasSystemCode(error, 'SQLITE_CORRUPT') || hasSystemCode(error, 'SQLITE_NOTADB'))
    return indexLost(folder, 'is damaged', error);
  const unusable = ['SQLITE_FULL', 'SQLITE_CANTOPEN', 'SQLITE_READONLY'].some((code) => hasSystemCode(error, code));
  return unusable ? unusableLibrary(folder, error) : error;
}
