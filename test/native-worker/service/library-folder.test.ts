import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectToService } from '../../../native-worker/service/connect.ts';
import { claimFolder } from '../../../native-worker/service/library-folder.ts';
import { takeLibrary } from '../../../native-worker/service/ownership.ts';
import { serviceScript } from '../../../native-worker/service/program-files.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { describeOnSmallDisks, mountSmallDisk } from '../../support/small-disk.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-library-folder-'));
  writeFileSync(join(folder, 'file'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a library that is a file, lies below one, or in /proc', () => {
  const places = process.platform === 'linux' ? ['file', 'file/below', '/dev/null/x', '/proc/none/x'] : ['file'];
  const path = (place: string): string => (place.startsWith('/') ? place : join(folder, place));

  test.each(places)('is named to who connects, with what to do: %s', async (place) => {
    const message =
      place === 'file'
        ? `The library folder ${path(place)} can't be written. Choose another one with --library.`
        : `The library's folder ${path(place)} can't be made. Name one of your own with --library, or in EDM2_LIBRARY.`;
    await expect(connectToService(path(place))).rejects.toMatchObject({ code: 'forbidden', message });
  });

  test.each(places)('is not taken by a service: %s', (place) => {
    expect(() => takeLibrary(path(place))).toThrow(expect.objectContaining({ code: 'forbidden' }));
  });
});

describeOnSmallDisks('on a full disk', () => {
  test.each(['there is one', 'there is none yet'])('a library is refused as that, where %s', async (before) => {
    const disk = mountSmallDisk();
    const library = join(disk.place, 'library');
    if (before === 'there is one') {
      takeLibrary(library)!.release();
      openLibrary(library, { migrate: true }).close();
      writeFileSync(join(library, 'logs/service-start.log'), '');
    }
    disk.fill();
    await expect(connectToService(library)).rejects.toMatchObject({
      code: 'no-space',
      message: `The disk of ${library} is full. Make room and start again.`,
    });
    disk.remove();
  });
});

describe('a folder that is no library and not empty', () => {
  const inside = (): string[] => readdirSync(theirs, { recursive: true }).map(String).toSorted();
  let theirs: string;
  let before: string[];
  beforeEach(() => {
    theirs = mkdtempSync(join(tmpdir(), 'edm2-theirs-'));
    mkdirSync(join(theirs, 'files/runs/1/snapshots'), { recursive: true });
    writeFileSync(join(theirs, 'files/runs/1/snapshots/theirs.txt'), 'theirs');
    before = inside();
  });
  afterEach(() => rmSync(theirs, { recursive: true, force: true }));

  test('is refused to who connects and to a service, before anything is made in it', async () => {
    const refused = { code: 'conflict', message: expect.stringContaining('is no library of EDM2 Studio') as string };
    await expect(connectToService(theirs)).rejects.toMatchObject(refused);
    expect(() => takeLibrary(theirs)).toThrow(expect.objectContaining(refused));
    const args = [serviceScript(), '--library', theirs, '--exit-when-idle', '--new-index'];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ready: false, ...refused });
    expect(inside()).toEqual(before);
  });

  test.each(['logs', 'mine.txt', '.hidden'])('is refused for the sake of %s alone', (name) => {
    rmSync(join(theirs, 'files'), { recursive: true });
    mkdirSync(join(theirs, name));
    expect(() => claimFolder(theirs)).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect(inside()).toEqual([name]);
  });

  test.each(['library.sqlite', 'library.open', 'service.held'])('is a library where %s says so', (name) => {
    writeFileSync(join(theirs, name), '');
    claimFolder(theirs);
    expect(inside()).toEqual([...before, name].toSorted());
  });
});

test('an empty folder becomes a library by its mark, the top folder of a disk and a link to a folder, too', () => {
  const empty = mkdtempSync(join(tmpdir(), 'edm2-empty-'));
  mkdirSync(join(empty, 'lost+found'));
  symlinkSync(empty, `${empty}-link`);
  claimFolder(`${empty}-link`);
  expect(readdirSync(empty).toSorted()).toEqual(['lost+found', 'service.held']);
  mkdirSync(join(empty, 'logs')); // as far as a start came that was cut short
  claimFolder(empty);
  rmSync(`${empty}-link`);
  rmSync(empty, { recursive: true });
});
