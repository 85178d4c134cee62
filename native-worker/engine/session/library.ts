import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { AppError } from '../../../contract/errors.ts';
import { libraryPathVariable } from '../runtime/environment.ts';
import { layoutFor } from '../runtime/layout.ts';

/**
 * The library with TensorFlow's C API that this process was started with, as an absolute path: the file that tfjs's
 * binding is linked with, so that both share one TensorFlow.
 *
 * @param variables the process's environment; a parameter for tests
 * @throws {AppError} 'runtime' if no folder of the library path holds it
 */
export function tensorflowLibrary(
  variables: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  const { capi } = layoutFor(platform);
  const variable = libraryPathVariable(platform);
  const folders = (variables[variable] ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = folders.map((folder) => join(folder, capi)).find((path) => existsSync(path));
  if (found === undefined) {
    throw new AppError(
      'runtime',
      `TensorFlow's library ${capi} is in no folder of ${variable}: run "npm run setup", then start again.`,
    );
  }
  return found;
}
