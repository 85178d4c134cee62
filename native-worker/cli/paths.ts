import { resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { libraryFolder } from '../engine/runtime/places.ts';

/**
 * A path as the user meant it. `npm run edm2 -- …` runs in the checkout's folder and tells in INIT_CWD where the user
 * was.
 */
export function userPath(path: string): string {
  const base = process.env.npm_lifecycle_event === 'edm2' ? process.env.INIT_CWD : undefined;
  return resolve(base ?? process.cwd(), path);
}

/**
 * The library that a command works on.
 *
 * @param given what `--library` says; without it EDM2_LIBRARY counts, then the user's data folder
 * @returns absolute path; the folder need not exist
 * @throws {AppError} 'invalid-input' if `given` is empty, as a shell's unset variable makes it
 */
export function libraryPath(given: string | undefined): string {
  if (given === '') {
    throw new AppError('invalid-input', '--library takes a folder, not an empty text. Leave it out for the usual one.');
  }
  const chosen = given ?? process.env.EDM2_LIBRARY;
  return chosen === undefined || chosen === '' ? libraryFolder() : userPath(chosen);
}
