import { accessSync, constants } from 'node:fs';
import Database from 'better-sqlite3';
import { hasSystemCode } from '../../contract/errors.ts';
import { watchPlace } from './files.ts';

/**
 * A lock that the operating system keeps: the exclusive lock on an empty database. One process has it at a time, and the
 * system takes it back when that process dies, however it dies. So there is nothing stale to judge, and no number of a
 * process that was given to another program. The file stays when the lock is released: deleting it would let somebody
 * lock the deleted file and somebody else its successor.
 */
export interface ProcessLock {
  /** Whether the file that is locked still lies at its path. Not so where its folder was removed or moved. */
  stillThere(): boolean;
  release(): void;
}

/**
 * Takes a lock, or does not wait.
 *
 * @param path of a file of its own, in an existing folder; made if it is not there
 * @returns null if another process has it
 * @throws {Error} of the system or of SQLite where the file can't be made or may not be written
 */
export function takeLock(path: string): ProcessLock | null {
  const file = new Database(path, { timeout: 0 });
  try {
    // A file that can only be read would be opened all the same, and an exclusive lock on it excludes nobody.
    accessSync(path, constants.W_OK);
    file.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    if (hasSystemCode(error, 'SQLITE_BUSY')) return null;
    throw error;
  }
  return { stillThere: watchPlace(path), release: () => file.close() };
}
