import { closeSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { isFull } from '../../contract/system-errors.ts';
import { DATABASE_NAME, HELD_NAME, OPEN_MARKER } from '../store/paths.ts';
import { unusableLibrary } from '../store/unusable.ts';
import { makeFolder } from '../system/make-folder.ts';

/** What systems put into a disk's top folder, and into any folder that is looked at. */
const SYSTEM_NAMES: ReadonlySet<string> = new Set([
  'lost+found',
  'System Volume Information',
  '$RECYCLE.BIN',
  '.DS_Store',
]);

/** Files of which a library has at least one, from its first moment on. */
const MARKS = [HELD_NAME, DATABASE_NAME, OPEN_MARKER];

/**
 * Makes a folder a library, if it is none yet: before anything else is made in it, it is marked as ours. So whatever
 * lies in a folder without a mark is somebody else's.
 *
 * @param folder absolute path; made if it is not there
 * @throws {AppError} 'conflict' for a folder that is no library and not empty, of which nothing is touched; 'forbidden' or
 *   'no-space' if it can't be written
 */
export function claimFolder(folder: string): void {
  let names: string[];
  try {
    makeFolder(folder);
  } catch (error) {
    throw unmakeableLibrary(folder, error);
  }
  try {
    names = readdirSync(folder);
  } catch (error) {
    throw unusableLibrary(folder, error);
  }
  if (MARKS.some((mark) => names.includes(mark))) return;
  const others = names.filter((name) => !SYSTEM_NAMES.has(name));
  if (others.length > 0) throw foreignFolder(folder, others);
  try {
    closeSync(openSync(join(folder, HELD_NAME), 'a'));
  } catch (error) {
    throw unusableLibrary(folder, error);
  }
}

function foreignFolder(folder: string, names: readonly string[]): AppError {
  const shown = names.slice(0, 3).join(', ');
  return new AppError(
    'conflict',
    `${folder} is no library of EDM2 Studio, and not empty (${shown}${names.length > 3 ? ' and more' : ''}). ` +
      'Name an empty folder, or one that is not there yet, with --library.',
  );
}

/** What to say where there is no library's folder and none can be made; what lies above it is not its user's to change. */
function unmakeableLibrary(folder: string, cause: unknown): AppError {
  if (isFull(cause)) return unusableLibrary(folder, cause);
  const message = `The library's folder ${folder} can't be made. Name one of your own with --library, or in EDM2_LIBRARY.`;
  return new AppError('forbidden', message, { cause });
}
