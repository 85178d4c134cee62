import { statfsSync } from 'node:fs';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import { isFull } from '../../contract/system-errors.ts';
import { refusal } from '../system/refusal.ts';

/** What to say of a library's folder that the system refuses: 'no-space' where its disk is full, else 'forbidden'. */
export function unusableLibrary(folder: string, cause: unknown): AppError {
  if (isFull(cause) || (hasSystemCode(cause, 'SQLITE_CANTOPEN') && hasNoRoom(folder))) {
    return new AppError('no-space', `The disk of ${folder} is full. Make room and start again.`, { cause });
  }
  const refused = refusal(cause);
  if (refused?.code === 'forbidden') return refused;
  const message = `The library folder ${folder} can't be written. Choose another one with --library.`;
  return new AppError('forbidden', message, { cause });
}

/** SQLite does not tell why it can't make a file. */
function hasNoRoom(folder: string): boolean {
  try {
    const { bavail, files, ffree } = statfsSync(folder);
    return bavail === 0 || (files > 0 && ffree === 0); // of some file systems files take no numbers of their own
  } catch {
    return false; // it does not tell, either
  }
}
