import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import { statOf } from './paths.ts';

/** A file that is open for reading; whoever has it closes it. */
export interface OpenFile {
  readonly fd: number;
  readonly sizeBytes: number;
}

/** Windows has neither of the latter (undefined counts as 0); there the kind of file is looked at before. */
const FLAGS = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/**
 * Opens a file of the library for reading, if it is a regular file: a link is not followed, and a pipe is not waited
 * for. Every reader of the library's files opens them here.
 *
 * @param file absolute path; one that a row names is from `insideLibrary`, which looks at the folders on the way
 * @throws {AppError} 'not-found' if nothing is there; 'forbidden' for a link; 'corrupt-file' for what is no file
 */
export function openRegularFile(file: string): OpenFile {
  if (process.platform === 'win32' && statOf(file)?.isSymbolicLink() === true) throw isLink(file);
  let fd: number;
  try {
    fd = fs.openSync(file, FLAGS);
  } catch (cause) {
    if (hasSystemCode(cause, 'ENOENT') || hasSystemCode(cause, 'ENOTDIR'))
      throw new AppError('not-found', `The file ${file} is gone.`, { cause });
    if (hasSystemCode(cause, 'ELOOP') || hasSystemCode(cause, 'EMLINK')) throw isLink(file, cause);
    if (hasSystemCode(cause, 'ENXIO')) throw isNoFile(file, cause); // a socket
    throw cause;
  }
  const stat = fs.fstatSync(fd);
  if (stat.isFile()) return { fd, sizeBytes: stat.size };
  fs.closeSync(fd);
  throw isNoFile(file);
}

/** Reads a whole file; as `openRegularFile`. */
export function readRegularFile(file: string): Buffer {
  const { fd } = openRegularFile(file);
  try {
    return fs.readFileSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Bytes that are read and hashed at once. */
const HASHED_BYTES = 2 ** 22;

/** SHA-256 of a whole file, hexadecimal, and its bytes; as `openRegularFile`. */
export function hashRegularFile(file: string): { sha256: string; sizeBytes: number } {
  const { fd, sizeBytes } = openRegularFile(file);
  try {
    const hash = createHash('sha256');
    const piece = Buffer.alloc(Math.min(HASHED_BYTES, Math.max(sizeBytes, 1)));
    for (let count = fs.readSync(fd, piece); count > 0; count = fs.readSync(fd, piece)) {
      hash.update(piece.subarray(0, count));
    }
    return { sha256: hash.digest('hex'), sizeBytes };
  } finally {
    fs.closeSync(fd);
  }
}

function isLink(file: string, cause?: unknown): AppError {
  return new AppError(
    'forbidden',
    `${file} is a symbolic link, which the library does not follow. Put the file itself in its place.`,
    { cause },
  );
}

function isNoFile(file: string, cause?: unknown): AppError {
  return new AppError('corrupt-file', `${path.basename(file)} is damaged: it is not a regular file.`, { cause });
}
