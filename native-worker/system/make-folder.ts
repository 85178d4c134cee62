import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasSystemCode } from '../../contract/errors.ts';

/**
 * As `mkdir -p`, and to be used instead of Node's own recursive mkdir, which does not come back where the system refuses
 * with ENOENT, as in /proc.
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
