import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError, hasSystemCode } from '../../contract/errors.ts';

/**
 * As `mkdir -p`. Node's own recursive mkdir does not come back where the system refuses with ENOENT, as in /proc.
 *
 * @param folder absolute path
 * @throws {Error} of the system where it can't be made
 */
export function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    mkdirSync(folder);
  } catch (error) {
    if (!hasSystemCode(error, 'EEXIST')) throw error; // somebody else has just made it
  }
}

/** What to say of a library's folder that the system refuses: 'no-space' where its disk is full, else 'forbidden'. */
export function unusableLibrary(folder: string, cause: unknown): AppError {
  if (hasSystemCode(cause, 'ENOSPC')) {
    return new AppError('no-space', `The disk of ${folder} is full. Make room and start again.`, { cause });
  }
  const message = `The library folder ${folder} can't be written. Choose another one with --library.`;
  return new AppError('forbidden', message, { cause });
}
