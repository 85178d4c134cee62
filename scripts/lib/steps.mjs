/**
 * The steps from a fresh clone to a program that runs. Each looks first whether it is done already, and says on stderr
 * what it does. Built-ins only, on any Node ≥ 20: what needs more is done by a child under the project's own Node.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { alone } from './lock.mjs';
import { hostNode, installPackages, packagesAreCurrent } from './packages.mjs';
import { hasPrivateNode, needPagesCanBeBuilt, privateNode, root, runsOnPrivateNode, SetupError } from './project.mjs';
import { isDenied } from './refused.mjs';
import { run } from './run.mjs';

/** The oldest Node that these scripts are tested with. */
const OLDEST_NODE = 20;

const stampFile = join(root, '.cache', 'setup.json');
const buildStamp = join(root, 'dist', '.stamp');
const lockFile = join(root, '.cache', 'setup.lock');

const say = (text) => process.stderr.write(`${text}\n`);

/** Does a step that another process may be at as well; `done` tells whether it is done meanwhile. */
const step = (done, work) =>
  alone(
    lockFile,
    async () => {
      if (!done()) await work();
    },
    (owner) => say(`Waiting for another set-up (process ${owner}, which holds ${lockFile}) …`),
  );

/**
 * npm packages and our own Node.
 *
 * If they must be installed anew and we run on the Node among them, the script starts over under the user's Node, since
 * `npm ci` deletes ours; then this function does not return.
 */
export async function preparePackages() {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
    throw new SetupError(
      `This is Node ${process.versions.node}; EDM2 Studio needs Node ${OLDEST_NODE} or newer to start: https://nodejs.org`,
    );
  }
  const done = () => packagesAreCurrent() && hasPrivateNode();
  if (done()) return;
  if (runsOnPrivateNode()) {
    const status = await run(hostNode(), process.argv.slice(1));
    process.exit(status);
  }
  await step(done, async () => {
    say('Installing packages (about a minute) …');
    await installPackages();
  });
}

/** TensorFlow and its binding. */
export async function prepareRuntime() {
  const status = await run(privateNode(), [join(root, 'scripts', 'lib', 'prepare-runtime.mjs')], {
    stdio: ['ignore', 2, 2],
  });
  if (status > 128) throw new SetupError('Stopped while preparing TensorFlow; start again to go on.');
  if (status !== 0) throw new SetupError('EDM2 Studio is not set up yet: see the line above.');
}

/** What the window and the browser show. */
export async function prepareBuild() {
  const key = buildKey();
  const done = () => existsSync(buildStamp) && readFileSync(buildStamp, 'utf8') === key;
  if (!done()) await step(done, () => build(key));
}

async function build(key) {
  needPagesCanBeBuilt();
  say('Building the app …');
  const status = await run(privateNode(), [join(root, 'scripts', 'build.mjs'), 'renderer', 'main', 'preload'], {
    stdio: ['ignore', 2, 2],
  });
  if (status > 128) throw new SetupError('Stopped while building the app; start again to go on.');
  if (status !== 0)
    throw new SetupError('The app could not be built: see above. If you changed no file, please report it.');
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, key);
}

/** What the command line needs, which shows no pages; notes at the end that it was done, for `setUpIsFresh`. */
export async function setUpCommands() {
  await preparePackages();
  await prepareRuntime();
  note(JSON.stringify({ key: setUpKey() }));
}

/** All of it. */
export async function setUp() {
  await setUpCommands();
  await prepareBuild();
}

/** In a checkout that is somebody else's nothing can be noted, and each start looks anew. */
function note(text) {
  try {
    mkdirSync(dirname(stampFile), { recursive: true });
    writeFileSync(stampFile, text);
  } catch (error) {
    if (!isDenied(error)) throw error;
  }
}

/**
 * Whether what `setUpCommands` sets up is there, of the same packages and runtimes. Takes some milliseconds; it does not look at TensorFlow
 * itself, which the start of each job does.
 */
export function setUpIsFresh() {
  if (!existsSync(stampFile) || !hasPrivateNode()) return false;
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8')).key === setUpKey() && packagesAreCurrent();
  } catch {
    return false; // a damaged stamp: the set-up looks for itself
  }
}

/** Changes with what the set-up is made of. */
function setUpKey() {
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', 'runtime/cpu.lock', 'runtime/cuda12.lock'])
    hash.update(readFileSync(join(root, file)));
  for (const name of ['EDM2_CACHE', 'EDM2_RUNTIME', 'XDG_CACHE_HOME', 'HOME'])
    hash.update(`${name}=${process.env[name] ?? ''}\n`);
  if (!isAbsolute(process.env.EDM2_CACHE || '/')) hash.update(process.cwd()); // it is relative to that
  return hash.digest('hex');
}

/** Changes with every file that the build reads. */
function buildKey() {
  const hash = createHash('sha256');
  const files = ['package-lock.json', 'vite.renderer.config.ts', 'vite.main.config.ts'];
  for (const folder of ['renderer', 'main', 'contract']) {
    for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) files.push(join(entry.parentPath ?? entry.path, entry.name).slice(root.length));
    }
  }
  for (const file of files.sort()) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}
