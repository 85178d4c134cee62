/** The npm packages, with our own Node among them. Built-ins only, on any Node ≥ 20. */
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import { hasPrivateNode, privateNode, root, SetupError } from './project.mjs';
import { run } from './run.mjs';

/** npm keeps there what it has installed; it writes the file last. */
const installedLock = join(root, 'node_modules', '.package-lock.json');

/** Whether node_modules holds what package-lock.json says. */
export function packagesAreCurrent(lockFile = join(root, 'package-lock.json'), installedFile = installedLock) {
  if (!existsSync(installedFile)) return false;
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = installed[path];
    // Packages for other platforms are left out by npm.
    if (found === undefined && entry.optional !== true) return false;
    if (found !== undefined && (found.version !== entry.version || found.integrity !== entry.integrity)) return false;
  }
  return Object.keys(installed).every((path) => path in wanted);
}

/** Whether a path lies in node_modules, which may be a link. */
function isOurs(path) {
  const modules = join(root, 'node_modules');
  const real = existsSync(modules) ? realpathSync(modules) : modules;
  return path.startsWith(modules + sep) || path.startsWith(real + sep);
}

/** PATH without the project's own programs: behind `node` there is the Node that `npm ci` deletes. */
function hostPath() {
  const parts = (process.env.PATH ?? '').split(delimiter);
  return parts.filter((part) => part !== '' && !isOurs(join(part, sep))).join(delimiter);
}

/**
 * The Node that the user brought. npm says which one runs it; without npm it is the one that runs us, or the first in PATH.
 *
 * @returns its path
 * @throws {SetupError} where there is none outside the project
 */
export function hostNode() {
  const byNpm = process.env.npm_node_execpath;
  if (byNpm !== undefined && existsSync(byNpm) && !isOurs(byNpm)) return byNpm;
  if (!isOurs(process.execPath)) return process.execPath;
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const found = hostPath()
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
  if (found === undefined)
    throw new SetupError(
      'The packages must be installed anew, which needs a Node outside the project: install Node 20 or newer.',
    );
  return found;
}

/** How to start the user's npm: its script under their Node, or by name. */
function hostNpm() {
  const script = process.env.npm_execpath;
  if (script !== undefined && /\.c?js$/.test(script) && existsSync(script) && !isOurs(script))
    return [hostNode(), script];
  const beside = join(dirname(hostNode()), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js');
  if (existsSync(beside)) return [hostNode(), beside];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}

/**
 * Installs the packages with the user's npm, without any package's install script.
 *
 * @throws {SetupError} if npm is missing or fails, or there is no Node for this machine among the packages
 */
export async function installPackages() {
  privateNode(); // says at once if this machine can't be served
  const [command, ...before] = hostNpm();
  const args = [
    ...before,
    'ci',
    // The app is built here, and our Node is optional: NODE_ENV=production or npm's own configuration would omit them.
    '--include=dev',
    '--include=optional',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--engine-strict=false',
  ];
  const status = await run(command, args, {
    cwd: root,
    env: { ...process.env, PATH: hostPath() },
    stdio: ['ignore', 2, 2], // stdout may belong to a command's own output
    shell: command === 'npm.cmd',
  });
  if (status === 127)
    throw new SetupError('npm was not found: install Node 20 or newer, which brings npm, and start again.');
  if (status > 128) throw new SetupError('Stopped while installing packages; start again to go on.');
  if (status !== 0) {
    throw new SetupError(
      'npm could not install the packages (its message is above): check the network and the free disk space, and start again.',
    );
  }
  if (!hasPrivateNode()) {
    throw new SetupError(
      `${privateNode()} is missing after the installation: check that npm may install packages for this machine (npm config get os cpu libc).`,
    );
  }
}
