/** Finding Electron for the window, or the reason why there can be no window. Built-ins only. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { privateNode, root } from './project.mjs';

/** The download is 120 MB; a network that hangs must not keep the user from the browser. */
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;

/** Electron's binary inside its folder, by platform. */
const binaries = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe', linux: 'electron' };

/** Why no window can be opened here, as half a sentence; null: there is a display. */
export function lacksDisplay(variables = process.env, platform = process.platform) {
  if (platform !== 'linux') return null;
  return variables.DISPLAY || variables.WAYLAND_DISPLAY ? null : 'there is no display';
}

/**
 * Electron's executable. Its binary comes at the first start, not with the packages.
 *
 * @returns {{ executable: string } | { lack: string }} `lack`: why there is none, as half a sentence
 */
export function findElectron() {
  const binary = binaries[process.platform] ?? 'electron';
  const override = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  if (override) {
    const executable = join(override, binary);
    return existsSync(executable) ? { executable } : { lack: `ELECTRON_OVERRIDE_DIST_PATH holds no ${binary}` };
  }
  const folder = join(root, 'node_modules', 'electron');
  const executable = join(folder, 'dist', binary);
  if (isWhole(folder) && existsSync(executable)) return { executable };
  process.stderr.write("Downloading Electron's binary (once, 120 MB) …\n");
  const result = spawnSync(privateNode(), [join(folder, 'install.js')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: DOWNLOAD_TIMEOUT_MS,
    encoding: 'utf8',
  });
  if (result.status === 0 && existsSync(executable)) return { executable };
  const words = result.stderr?.split('\n').find((line) => /error/i.test(line));
  return { lack: `Electron's binary can't be downloaded${words === undefined ? '' : ` (${words.trim()})`}` };
}

/** Whether the unpacked binary is of the version that package.json asks for. */
function isWhole(folder) {
  const note = join(folder, 'dist', 'version');
  if (!existsSync(note)) return false;
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return readFileSync(note, 'utf8').trim().replace(/^v/, '') === version;
}

/** Chromium's sandbox refuses to run as root. */
export function sandboxArguments() {
  return process.platform === 'linux' && process.getuid() === 0 ? ['--no-sandbox'] : [];
}
