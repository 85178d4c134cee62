import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError, hasSystemCode } from '../../contract/errors.ts';

/** Renames to try on Windows, where a virus scanner holds a fresh file for some tenths of a second. */
const RENAME_ATTEMPTS = 20;
const RENAME_PAUSE_MS = 50;

/** One read or write of the system moves less than 2 GiB; we stay well below. */
export const MAX_IO_BYTES = 2 ** 30;

/**
 * Writes a file so that after a crash or power cut either the old content is there or the new one, whole: to a
 * temporary name in the same folder, synced, renamed over `target`, and the folder synced, too. If `write` throws, the
 * temporary file is removed and `target` is as it was.
 *
 * @param target path of the file; its folder exists
 * @param write  writes the whole content to the descriptor, from the start
 * @returns      what `write` returned
 * @throws {AppError} 'no-space' when the disk or quota is full; other errors of the system and of `write` as they are
 */
export function writeDurably<T>(target: string, write: (fd: number) => T): T {
  const temporary = temporaryName(target);
  let fd: number | null = null;
  try {
    fd = fs.openSync(temporary, 'wx');
    const result = write(fd);
    fs.fsyncSync(fd);
    fs.closeSync(fd);
    fd = null;
    renameSync(temporary, target);
    syncFolder(path.dirname(target));
    return result;
  } catch (error) {
    if (fd !== null) fs.closeSync(fd);
    fs.rmSync(temporary, { force: true });
    throw explained(error, target);
  }
}

/**
 * The same for files that take a while: `write` may wait between its writes, and the process goes on answering.
 *
 * @param write writes by position through the handle; closing it is not its business
 * @throws {AppError} 'no-space' when the disk or quota is full; other errors of the system and of `write` as they are
 */
export async function writeDurablyAsync<T>(target: string, write: (file: FileHandle) => Promise<T>): Promise<T> {
  const temporary = temporaryName(target);
  let file: FileHandle | null = null;
  try {
    file = await fs.promises.open(temporary, 'wx+');
    const result = await write(file);
    await file.sync();
    await file.close();
    file = null;
    await rename(temporary, target);
    syncFolder(path.dirname(target));
    return result;
  } catch (error) {
    await file?.close();
    await fs.promises.rm(temporary, { force: true });
    throw explained(error, target);
  }
}

/**
 * Moves a file that is on the disk already to another folder of the same disk, so that it stays moved after a power cut.
 * What lies at `to` is replaced.
 */
export function moveDurably(from: string, to: string): void {
  renameSync(from, to);
  syncFolder(path.dirname(to));
  syncFolder(path.dirname(from));
}

/** Writes all bytes at the descriptor's own position; one call of the system may write fewer. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.byteLength;) {
    done += fs.writeSync(fd, bytes, done, Math.min(bytes.byteLength - done, MAX_IO_BYTES));
  }
}

/** Writes all bytes at a position of the file. */
export async function writeAllAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const length = Math.min(bytes.byteLength - done, MAX_IO_BYTES);
    done += (await file.write(bytes, done, length, position + done)).bytesWritten;
  }
}

function temporaryName(target: string): string {
  return path.join(path.dirname(target), `.${path.basename(target)}.${randomBytes(6).toString('hex')}.tmp`);
}

/** Whether a file is one that a process was writing when it died: nothing else has a name like this. */
export function isTemporaryName(name: string): boolean {
  return /^\..+\.[0-9a-f]{12}\.tmp$/u.test(name);
}

/**
 * Does something that writes to a file.
 *
 * @throws {AppError} 'no-space' when the disk or quota is full; other errors as they are
 */
export function writingTo<T>(target: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw explained(error, target);
  }
}

/** A full disk becomes a sentence; everything else stays what it is. */
function explained(error: unknown, target: string): unknown {
  if (!hasSystemCode(error, 'ENOSPC') && !hasSystemCode(error, 'EDQUOT')) return error;
  const folder = path.dirname(target);
  return new AppError(
    'no-space',
    `There is no space left to write ${path.basename(target)} in ${folder}. Free some and try again.`,
    {
      cause: error,
    },
  );
}

/** Without this the rename itself may be lost in a power cut. Windows can't do it and keeps renames in its journal. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const fd = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function mayPass(error: unknown): boolean {
  return process.platform === 'win32' && ['EPERM', 'EBUSY', 'EACCES'].some((code) => hasSystemCode(error, code));
}

function renameSync(from: string, to: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      fs.renameSync(from, to);
      return;
    } catch (error) {
      if (attempt === RENAME_ATTEMPTS || !mayPass(error)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RENAME_PAUSE_MS);
    }
  }
}

async function rename(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await fs.promises.rename(from, to);
      return;
    } catch (error) {
      if (attempt === RENAME_ATTEMPTS || !mayPass(error)) throw error;
      await sleep(RENAME_PAUSE_MS);
    }
  }
}
