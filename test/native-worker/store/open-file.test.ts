import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '../../../contract/errors.ts';
import { openDataset } from '../../../native-worker/data/dataset-file.ts';
import { openRegularFile, readRegularFile } from '../../../native-worker/store/open-file.ts';
import { insideLibrary } from '../../../native-worker/store/paths.ts';
import { openSafetensors } from '../../../native-worker/store/safetensors.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'edm2-open-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'no error';
}

test('a regular file is opened with its size, and one that is gone is named as gone', () => {
  const file = join(folder, 'a');
  writeFileSync(file, 'seven!!');
  const { fd, sizeBytes } = openRegularFile(file);
  expect([sizeBytes, readFileSync(fd, 'utf8')]).toEqual([7, 'seven!!']);
  closeSync(fd);
  expect(readRegularFile(file).toString()).toBe('seven!!');
  expect(codeOf(() => openRegularFile(join(folder, 'b')))).toBe('not-found');
  expect(codeOf(() => openRegularFile(join(file, 'below')))).toBe('not-found');
});

test('a link is refused, to a good file, to nothing and to itself', () => {
  writeFileSync(join(folder, 'secret'), 'x');
  for (const target of ['secret', 'nothing', 'link']) {
    rmSync(join(folder, 'link'), { force: true });
    symlinkSync(join(folder, target), join(folder, 'link'));
    expect(
      codeOf(() => openRegularFile(join(folder, 'link'))),
      target,
    ).toBe('forbidden');
  }
});

test.skipIf(process.platform === 'win32')('a folder, a pipe and a socket are refused at once', async () => {
  mkdirSync(join(folder, 'folder'));
  spawnSync('mkfifo', [join(folder, 'pipe')]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
  for (const name of ['folder', 'pipe', 'socket']) {
    expect(
      codeOf(() => openRegularFile(join(folder, name))),
      name,
    ).toBe('corrupt-file');
    expect(
      codeOf(() => openSafetensors(join(folder, name))),
      name,
    ).toBe('corrupt-file');
    expect(
      codeOf(() => openDataset(join(folder, name))),
      name,
    ).toBe('corrupt-file');
  }
  server.close();
});

test('a row that names a file behind a link to a folder outside is refused, for reading and for writing', () => {
  const library = join(folder, 'library');
  mkdirSync(join(folder, 'outside'));
  mkdirSync(join(library, 'files/runs'), { recursive: true });
  symlinkSync(join(folder, 'outside'), join(library, 'files/runs/1'));
  expect(codeOf(() => insideLibrary(library, 'files/runs/1/snapshots/x.safetensors'))).toBe('forbidden');
  expect(insideLibrary(library, 'files/runs/2/x')).toBe(join(library, 'files/runs/2/x'));
  symlinkSync(library, join(folder, 'link')); // where the library lies is the user's own choice
  expect(insideLibrary(join(folder, 'link'), 'files/runs/2/x')).toBe(join(folder, 'link/files/runs/2/x'));
});
