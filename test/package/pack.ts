import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FuseState, FuseV1Options, getCurrentFuseWire } from '@electron/fuses';
import { build, Platform } from 'electron-builder';
import { findElectron } from '../support/electron-copy.ts';
import { root } from '../support/root.ts';

/** The fuse GrantFileProtocolExtraPrivileges exists from here on. */
const FILE_PRIVILEGES_MAJOR = 29;

export interface Packed {
  readonly executable: string;
  readonly resources: string;
}

/**
 * Packs the built app for Linux into a folder, without a network: Electron is the one that the tests have.
 *
 * @param variant 'release' as it would be shipped; 'driven': the same, but Playwright can attach, which needs one fuse
 */
export async function pack(folder: string, variant: 'release' | 'driven'): Promise<Packed> {
  const electron = await findElectron();
  const output = join(folder, variant);
  await build({
    projectDir: root,
    targets: Platform.LINUX.createTarget('dir'),
    publish: 'never',
    config: {
      extends: configurationFor(electron.major, output),
      electronDist: electron.dist,
      electronVersion: electron.version,
      directories: { output },
      electronFuses: variant === 'driven' ? { enableNodeCliInspectArguments: true } : {},
    },
  });
  const unpacked = join(output, 'linux-unpacked');
  return { executable: join(unpacked, 'edm2-studio'), resources: join(unpacked, 'resources') };
}

/** The project's configuration, without the fuse that an old Electron does not have: it would refuse to be packed. */
function configurationFor(major: number, output: string): string {
  const own = join(root, 'electron-builder.yml');
  if (major >= FILE_PRIVILEGES_MAJOR) return own;
  const adapted = `${output}.yml`;
  writeFileSync(adapted, readFileSync(own, 'utf8').replace(/^ *grantFileProtocolExtraPrivileges:.*\n/m, ''));
  return adapted;
}

const fuseNames = {
  runAsNode: FuseV1Options.RunAsNode,
  nodeOptions: FuseV1Options.EnableNodeOptionsEnvironmentVariable,
  inspect: FuseV1Options.EnableNodeCliInspectArguments,
  asarIntegrity: FuseV1Options.EnableEmbeddedAsarIntegrityValidation,
  onlyAsar: FuseV1Options.OnlyLoadAppFromAsar,
  fileProtocol: FuseV1Options.GrantFileProtocolExtraPrivileges,
};

/** The fuses of a binary by name; those its Electron does not have are left out. */
export async function readFuses(executable: string): Promise<Record<string, boolean>> {
  const wire = await getCurrentFuseWire(executable);
  const states: [string, boolean][] = [];
  for (const [name, option] of Object.entries(fuseNames)) {
    const state = wire[option];
    if (state === FuseState.ENABLE || state === FuseState.DISABLE) states.push([name, state === FuseState.ENABLE]);
  }
  return Object.fromEntries(states);
}
