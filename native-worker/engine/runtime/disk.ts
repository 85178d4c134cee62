/** Free space, asked for before something large is written. */
import { statfs } from 'node:fs/promises';
import { AppError, hasSystemCode } from '../../../contract/errors.ts';
import { makeFolder } from '../../system/make-folder.ts';
import { formatBytes } from './progress.ts';

/** Left free besides what is written: a disk that is full to the last byte breaks other programs. */
const SPARE_BYTES = 200e6;

export type FreeBytes = (folder: string) => Promise<number>;

/** Bytes that a user without privileges may still write to a folder's disk. */
export const freeBytes: FreeBytes = async (folder) => {
  const disk = await statfs(folder);
  return disk.bavail * disk.bsize;
};

/**
 * Makes sure that a disk has room.
 *
 * @param folder made if it does not exist
 * @param what   what is to be written, as the subject of a sentence
 * @throws {AppError} 'no-space' if it has not; 'forbidden' if the folder can't be made
 */
export async function needSpace(
  folder: string,
  bytes: number,
  what: string,
  free: FreeBytes = freeBytes,
): Promise<void> {
  try {
    makeFolder(folder);
  } catch (cause) {
    if (hasSystemCode(cause, 'ENOSPC')) throw noSpace(folder, cause);
    throw new AppError(
      'forbidden',
      `The folder ${folder} can't be made; set EDM2_CACHE to a folder that you may write to.`,
      { cause },
    );
  }
  const there = await free(folder);
  if (there >= bytes + SPARE_BYTES) return;
  throw new AppError(
    'no-space',
    `${what} needs ${formatBytes(bytes + SPARE_BYTES)} in ${folder}, where ${formatBytes(there)} are free: make room, or set EDM2_CACHE to a folder on another disk.`,
  );
}

/** The error for a disk that filled up while we were writing. */
export function noSpace(folder: string, cause: unknown): AppError {
  return new AppError(
    'no-space',
    `The disk of ${folder} is full: make room, or set EDM2_CACHE to a folder on another disk.`,
    { cause },
  );
}
