import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { listenPrivately } from '../../../native-worker/service/local-socket.ts';
import { describeOnSmallDisks } from '../../support/small-disk.ts';

let folder: string;
let server: Server;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-socket-'));
  server = createServer();
  vi.stubEnv('XDG_RUNTIME_DIR', '');
});
afterEach(() => {
  vi.unstubAllEnvs();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a service listens in the folder for temporary files', async () => {
  vi.stubEnv('TMPDIR', folder);
  expect(await listenPrivately(server, '/library')).toMatch(new RegExp(`^${folder}/edm2-studio-`));
});

test.each(['', '/edm2-socket-file'])(
  'a folder for temporary files that is missing, or a file, is passed over (%s)',
  async (end) => {
    vi.stubEnv('TMPDIR', `/nowhere${end}`);
    expect(await listenPrivately(server, '/library')).toMatch(/^\/tmp\/edm2-studio-/);
  },
);

describeOnSmallDisks('a folder for temporary files in which no further file can be made', () => {
  const disk = (): string => join(folder, 'disk');
  beforeEach(() => {
    mkdirSync(disk());
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'nr_inodes=2', 'none', disk()]);
    mkdirSync(join(disk(), `edm2-studio-${process.getuid!()}`), { mode: 0o700 }); // the last file that fits
  });
  afterEach(() => execFileSync('umount', [disk()]));

  test('is passed over', async () => {
    vi.stubEnv('TMPDIR', disk());
    expect(await listenPrivately(server, '/library')).toMatch(/^\/tmp\/edm2-studio-/);
  });
});
