import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { listBackups } from './migrate.ts';
import { DATABASE_NAME, databasePath, SET_ASIDE_FOLDER, statOf } from './paths.ts';
import { asideFolder, filesBelow, setAside } from './set-aside.ts';

/** A library whose index is missing, empty or damaged, while its files are there. */

/** Everything that SQLite keeps of an index; a -wal can be the only place of what was written last. */
const INDEX_FILES = [DATABASE_NAME, `${DATABASE_NAME}-wal`, `${DATABASE_NAME}-shm`];

/** Whether the index has no content, so that SQLite would begin a new one in its place. */
export function lacksIndex(folder: string): boolean {
  return (statOf(databasePath(folder))?.size ?? 0) === 0;
}

/** Whether there is anything that an index should know: files of runs or datasets, or links to them. */
export function holdsFiles(folder: string): boolean {
  return filesBelow(folder, 'files').length > 0;
}

/**
 * What to say when the index can't be used.
 *
 * @param what is with it: "is damaged", "is missing", "is empty"
 */
export function indexLost(folder: string, what: string, cause?: unknown): AppError {
  const newest = listBackups(folder).at(-1);
  const advice =
    newest === undefined
      ? 'There is no backup of it. Begin'
      : `Put its newest backup in its place (${newest}), or begin`;
  return new AppError(
    'index-lost',
    `The library's index ${join(folder, DATABASE_NAME)} ${what}. ${advice} a new index (--new-index on the command line): ` +
      `the old one and all files then move to ${SET_ASIDE_FOLDER}/, and the library begins empty.`,
    { cause },
  );
}

/**
 * Makes room for a new index: what there is of the old one, and `files/` as a whole, go to `set-aside/DATE/`.
 *
 * @throws {AppError} 'forbidden' if the system won't move them; what was moved until then can be found there
 */
export function beginAnew(folder: string, at = new Date()): void {
  const there = ['files', ...INDEX_FILES].filter((name) => statOf(join(folder, name)) !== null);
  const { left } = setAside(folder, there, asideFolder(at));
  if (left.length === 0) return;
  const { file, why } = left[0]!;
  throw new AppError('forbidden', `${join(folder, file)} could not be moved to ${SET_ASIDE_FOLDER}/: ${why}`);
}
