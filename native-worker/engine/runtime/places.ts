/** Where things live outside the program's own folder. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { AppError } from '../../../contract/errors.ts';
import type { RuntimeName } from '../../../contract/runtime.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** A variable's value; an empty one counts as not set. */
function value(variables: Variables, name: string): string | undefined {
  const found = variables[name];
  return found === undefined || found === '' ? undefined : found;
}

/**
 * The library's folder where no `--library` says otherwise: EDM2_LIBRARY, else the platform's folder for user data.
 *
 * @param variables the process's environment; a parameter for tests
 * @param platform  as `process.platform`; a parameter for tests
 * @returns absolute path; the folder need not exist
 */
export function libraryFolder(
  variables: Variables = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const chosen = value(variables, 'EDM2_LIBRARY');
  if (chosen !== undefined) return resolve(chosen);
  return join(userFolder('data', variables, platform), 'edm2-studio', 'library');
}

/**
 * The folder of downloaded runtimes, compiled bindings and compiled code, which may be deleted at any time: EDM2_CACHE,
 * else the platform's cache folder.
 *
 * @returns absolute path; the folder need not exist
 */
export function cacheFolder(variables: Variables = process.env, platform: NodeJS.Platform = process.platform): string {
  const chosen = value(variables, 'EDM2_CACHE');
  if (chosen !== undefined) return resolve(chosen);
  const folder = userFolder('cache', variables, platform);
  return platform === 'win32' ? join(folder, 'edm2-studio', 'cache') : join(folder, 'edm2-studio');
}

/** The folder of one runtime inside a cache folder. */
export function runtimeFolder(name: RuntimeName, cache: string = cacheFolder()): string {
  return join(cache, 'runtimes', name);
}

/** @throws {AppError} 'not-found' where the system knows neither the user nor a HOME */
function homeFolder(): string {
  try {
    return homedir();
  } catch (cause) {
    const message =
      'The system knows no home folder of this user. Set HOME, or EDM2_LIBRARY and EDM2_CACHE, to folders of your own.';
    throw new AppError('not-found', message, { cause });
  }
}

/** The platform's folder for what programs keep of a user (XDG on Linux, Library on macOS, AppData on Windows). */
function userFolder(kind: 'data' | 'cache', variables: Variables, platform: NodeJS.Platform): string {
  const home = value(variables, platform === 'win32' ? 'USERPROFILE' : 'HOME') ?? homeFolder();
  if (platform === 'win32') return value(variables, 'LOCALAPPDATA') ?? join(home, 'AppData', 'Local');
  if (platform === 'darwin') return join(home, 'Library', kind === 'data' ? 'Application Support' : 'Caches');
  return kind === 'data'
    ? (value(variables, 'XDG_DATA_HOME') ?? join(home, '.local', 'share'))
    : (value(variables, 'XDG_CACHE_HOME') ?? join(home, '.cache'));
}
