import { closeSync, copyFileSync, existsSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import type { ServiceClient } from '../client/service-client.ts';
import { makeFolder } from '../system/make-folder.ts';

/**
 * Makes sure that a file can be written, before the work whose result it will hold. Missing folders are made.
 *
 * @param file   absolute path
 * @param option that names it
 * @throws {AppError} 'forbidden' where it can't
 */
export function checkTarget(file: string, option = '--out'): void {
  try {
    makeFolder(dirname(file));
    if (existsSync(file) && !statSync(file).isFile()) throw new Error('it is no file');
    // Rights alone don't tell: root has them all, and a disk may be mounted to be read only.
    const trial = `${file}.${process.pid}.part`;
    closeSync(openSync(trial, 'wx'));
    rmSync(trial);
  } catch (error) {
    throw unwritable(file, option, error);
  }
}

/**
 * Fetches a sheet of pictures from the service and writes it where the user wants it: whole or not at all.
 *
 * @param file absolute path, checked with `checkTarget`
 * @throws {AppError} 'no-space', 'forbidden' where the file can't be written
 */
export async function saveSheet(client: ServiceClient, sampleId: number, file: string): Promise<void> {
  const picture = await client.file(`/files/samples/${sampleId}.png`);
  whole(file, (temporary) => writeFileSync(temporary, picture));
}

/**
 * Writes a picture where the user wants it: whole or not at all.
 *
 * @param file absolute path, checked with `checkTarget`
 * @throws {AppError} 'no-space', 'forbidden' where the file can't be written
 */
export function savePicture(png: Buffer, file: string): void {
  whole(file, (temporary) => writeFileSync(temporary, png));
}

/**
 * Copies a file of the library to where the user wants it: whole or not at all.
 *
 * @param from absolute path
 * @param file absolute path, checked with `checkTarget`
 * @throws {AppError} 'no-space', 'forbidden' where the file can't be written
 */
export function saveCopy(from: string, file: string): void {
  whole(file, (temporary) => copyFileSync(from, temporary));
}

/**
 * Writes text where the user wants it: whole or not at all.
 *
 * @param file   absolute path, checked with `checkTarget`
 * @param option that names it
 * @throws {AppError} 'no-space', 'forbidden' where the file can't be written
 */
export function saveText(text: string, file: string, option: string): void {
  whole(file, (temporary) => writeFileSync(temporary, text), option);
}

function whole(file: string, write: (temporary: string) => void, option = '--out'): void {
  const temporary = `${file}.${process.pid}.part`;
  try {
    write(temporary);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw unwritable(file, option, error);
  }
}

function unwritable(file: string, option: string, cause: unknown): AppError {
  if (hasSystemCode(cause, 'ENOSPC')) {
    return new AppError('no-space', `There is no space left for ${file}. Free some, or name another with ${option}.`, {
      cause,
    });
  }
  return new AppError('forbidden', `${file} can't be written. Name another place with ${option}.`, { cause });
}
