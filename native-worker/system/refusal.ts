import { accessSync, constants, lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import { ownedByAnother, systemFailure } from '../../contract/system-errors.ts';

/** Files that this user may not use: most often they were made as root, by `sudo` or in a container. */

/** Codes of the system for what this user may not do. */
const DENIED = ['EACCES', 'EPERM'];

/**
 * What the system refused, as an expected failure that names the file or folder in question and its owner; null where an
 * error is none of the system's: a bug.
 *
 * @param error anything that was thrown
 */
export function refusal(error: unknown): AppError | null {
  if (!DENIED.some((code) => hasSystemCode(error, code))) return systemFailure(error);
  const path = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : null;
  return (path === null ? null : refusalOf(path, error)) ?? systemFailure(error);
}

/**
 * Makes sure that this user may read and write what lies at a path, and make files in it where it is a folder. What is
 * not there is no matter.
 *
 * @throws {AppError} 'forbidden', with the owner
 */
export function needAccess(path: string): void {
  const found = lstat(path);
  if (found === null || isUsable(path, found.isDirectory())) return;
  throw sentence(path, found.uid, undefined);
}

/** Looks for what it was that refused: the path itself, the folder it lies in, or the nearest one above that is there. */
function refusalOf(path: string, cause: unknown): AppError | null {
  for (let at = path; ; at = dirname(at)) {
    const found = lstat(at);
    if (found !== null && !isUsable(at, found.isDirectory())) return sentence(at, found.uid, cause);
    // The folder of what is there decides who may rename and delete it; further up it is somebody else's matter.
    if (at === dirname(at) || (found !== null && at !== path)) return null;
  }
}

function sentence(path: string, owner: number, cause: unknown): AppError {
  const us = process.getuid?.() ?? owner;
  return new AppError('forbidden', ownedByAnother(path, owner === us ? null : nameOf(owner), nameOf(us)), { cause });
}

function lstat(path: string): { uid: number; isDirectory(): boolean } | null {
  try {
    return lstatSync(path);
  } catch {
    return null; // it is not there, or its folder may not be looked into
  }
}

function isUsable(path: string, isFolder: boolean): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | (isFolder ? constants.X_OK : 0));
    return true;
  } catch (error) {
    return !DENIED.some((code) => hasSystemCode(error, code));
  }
}

function nameOf(uid: number): string {
  return uid === 0 ? 'root' : `user ${uid}`;
}
