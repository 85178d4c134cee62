import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { AppError } from '../../../contract/errors.ts';
import { cacheFolder } from './places.ts';

/**
 * From now on Node keeps the code that it compiles in the user's cache folder, and takes from there what has not changed
 * since; programs that are started from here do so from their first file on. Where there is no such folder, or it can't be
 * written, all is compiled as ever.
 */
export function keepCompiled(): void {
  try {
    const folder = join(cacheFolder(), 'code');
    enableCompileCache(folder);
    process.env.NODE_COMPILE_CACHE = folder;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}
