/** Relative paths are meant from where the user stands. npm starts a script in the checkout instead. Built-ins only. */
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './project.mjs';

/** The scripts of package.json that take paths of the user's, as arguments or in variables (EDM2_LIBRARY, EDM2_CACHE). */
const scripts = ['edm2', 'start', 'serve', 'setup'];

/**
 * Where the user called npm, if it was npm that started us; else where we were started. npm's variables reach whatever is
 * started below it, so they count only where they are of a script of this checkout: another project's `start` may well
 * go to a folder of its own and call scripts/edm2.mjs there.
 *
 * @param {Readonly<Record<string, string | undefined>>} variables
 * @param {string} here the folder that the system says we are in
 * @returns {string}
 */
export function userFolder(variables = process.env, here = process.cwd()) {
  const { npm_package_json: manifest, npm_lifecycle_event: script, INIT_CWD: called } = variables;
  const isOurs =
    manifest !== undefined &&
    existsSync(manifest) &&
    realpathSync(manifest) === realpathSync(join(root, 'package.json'));
  return isOurs && scripts.includes(script ?? '') && called ? called : here;
}

/** From here on every path of this process and of those that it starts is relative to where the user stands. */
export function standWhereTheUserDoes() {
  process.chdir(userFolder());
}
