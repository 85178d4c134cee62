import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AppError } from '../../../contract/errors.ts';
import { Folders } from '../../../native-worker/service/folders.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'edm2-folders-'));
  mkdirSync(join(root, 'cats'));
  mkdirSync(join(root, '.hidden'));
  for (const name of ['a.png', 'b.JPG', 'c.webp', 'd.txt', '.e.png']) writeFileSync(join(root, name), '');
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a folder that was granted can be walked by ids, down and up', async () => {
  const folders = new Folders();
  const granted = await folders.grant(root);
  const listing = await folders.list(granted.id);
  expect(listing).toMatchObject({ folder: granted, parent: { path: tmpdir() }, pictures: 3 });
  expect(listing.folders.map(({ name }) => name)).toEqual(['cats']);
  const below = await folders.list(listing.folders[0]!.id);
  expect(below.parent).toEqual(granted);
});

test('the places to start from hold the home folder and the root', async () => {
  const { folders } = await new Folders().list(null);
  expect(folders.map(({ path }) => path)).toEqual(expect.arrayContaining([homedir(), '/']));
});

test('an id is not a path, and of one service only', async () => {
  const { id } = await new Folders().grant(root);
  const other = new Folders();
  for (const guess of [id, root, '/', '..', '']) {
    expect(() => other.path(guess)).toThrow(AppError);
    await expect(other.list(guess)).rejects.toMatchObject({ code: 'not-found' });
  }
});

test.each(['relative/path', '/no/such/folder', '/etc/passwd', '/etc\0'])('%j is not granted', async (path) => {
  await expect(new Folders().grant(path)).rejects.toBeInstanceOf(AppError);
});

test('of a file it is said that it is no folder', async () => {
  const file = join(root, 'a.png');
  await expect(new Folders().grant(file)).rejects.toMatchObject({ message: `${file} is a file, not a folder.` });
});
