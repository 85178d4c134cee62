import { resolve } from 'node:path';
import { AppError } from '../../contract/errors.ts';
import { libraryFolder } from '../engine/runtime/places.ts';

/**
 * The library that a command works on. Like every path of the command line it is relative to where the user stands:
 * scripts/edm2.mjs starts us there, though npm started it in the checkout.
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
  return chosen === undefined || chosen === '' ? libraryFolder() : resolve(chosen);
}
