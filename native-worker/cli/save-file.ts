import {
  appendFileSync,
  closeSync,
  copyFileSync,
  existsSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
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
    const place = placeOf(file);
    if (existsSync(place) && !statSync(place).isFile()) throw new Error('it is no file');
    // Rights alone don't tell: root has them all, and a disk may be mounted to be read only.
    const trial = temporaryBeside(place);
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
 * Writes bytes, of a picture or another file, where the user wants them: whole or not at all.
 *
 * @param file absolute path, checked with `checkTarget`
 * @throws {AppError} 'no-space', 'forbidden' where the file can't be written
 */
export function saveBytes(bytes: Buffer, file: string): void {
  whole(file, (temporary) => writeFileSync(temporary, bytes));
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

/**
 * Writes pieces as they come where the user wants them: whole or not at all.
 *
 * @param file absolute path, checked with `checkTarget`
 * @throws {AppError} 'no-space', 'forbidden' where the file can't be written; what the pieces throw
 */
export async function savePieces(pieces: AsyncIterable<Uint8Array>, file: string): Promise<void> {
  const act = <T>(step: () => T): T => {
    try {
      return step();
    } catch (error) {
      throw unwritable(file, '--out', error);
    }
  };
  const place = act(() => placeOf(file));
  const temporary = temporaryBeside(place);
  try {
    act(() => writeFileSync(temporary, ''));
    for await (const piece of pieces) act(() => appendFileSync(temporary, piece));
    act(() => renameSync(temporary, place));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function whole(file: string, write: (temporary: string) => void, option = '--out'): void {
  let temporary: string | null = null;
  try {
    const place = placeOf(file);
    temporary = temporaryBeside(place);
    write(temporary);
    renameSync(temporary, place);
  } catch (error) {
    if (temporary !== null) rmSync(temporary, { force: true });
    throw unwritable(file, option, error);
  }
}

/** Links that lead to another link before that is a circle; Linux says so, too. */
const MOST_LINKS = 40;

/**
 * Where a file that is named really lies: a link stays, and what it leads to is written, there already or not. Missing folders
 * are made.
 */
function placeOf(file: string): string {
  let place = file;
  for (let links = 0; links <= MOST_LINKS; links++) {
    makeFolder(dirname(place));
    place = join(realpathSync(dirname(place)), basename(place)); // a link is read from where its folder really is
    const stat = lstatSync(place, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() !== true) return place;
    place = resolve(dirname(place), readlinkSync(place));
  }
  throw new Error('its links lead in a circle');
}

function temporaryBeside(place: string): string {
  return `${place}.${process.pid}.part`;
}

function unwritable(file: string, option: string, cause: unknown): AppError {
  if (hasSystemCode(cause, 'ENOSPC')) {
    return new AppError('no-space', `There is no space left for ${file}. Free some, or name another with ${option}.`, {
      cause,
    });
  }
  return new AppError('forbidden', `${file} can't be written. Name another place with ${option}.`, { cause });
}
