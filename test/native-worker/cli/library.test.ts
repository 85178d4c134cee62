import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { shutdown } from '../../../contract/app.ts';
import { connectToService } from '../../../native-worker/service/connect.ts';
import { databasePath } from '../../../native-worker/store/paths.ts';
import { unpackOldLibrary } from '../../support/old-library.ts';
import { root } from '../../support/root.ts';

/** The real command line with a library that commit 100fc77 made. */

let folder: string;
let remove: () => void;
beforeEach(() => ({ folder, remove } = unpackOldLibrary()));
afterEach(async () => {
  const client = await connectToService(folder);
  await client.call(shutdown, {});
  await client.closed;
  remove();
});

const edm2 = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [join(root, 'native-worker/cli/main.ts'), '--library', folder, ...args], {
    encoding: 'utf8',
  });

test('what the index does not know is set aside, listed and emptied by command', () => {
  const stray = 'files/runs/1/snapshots/000000000128-0.050.safetensors';
  writeFileSync(join(folder, stray), 'x'.repeat(2000));
  const listed = edm2('library', 'set-aside');
  expect(listed).toMatchObject({ status: 0, stderr: '' });
  const at = readdirSync(join(folder, 'set-aside'));
  expect(at).toHaveLength(1);
  expect(listed.stdout.split('\n').slice(0, 2)).toEqual([
    `set-aside/${at[0]}/${stray}`,
    `1 file, 2.00 kB, in ${join(folder, 'set-aside')}. \`edm2 library set-aside --empty\` deletes them.`,
  ]);
  expect(edm2('library', 'set-aside', '--empty').stdout).toBe(
    `Deleted 1 file, 2.00 kB, from ${join(folder, 'set-aside')}.\n`,
  );
  expect(readdirSync(join(folder, 'set-aside'))).toEqual([]);
  const object = JSON.parse(edm2('library', 'set-aside', '--json').stdout) as object;
  expect(object).toMatchObject({ type: 'setAside', count: 0, sizeBytes: 0, files: [] });
});

test('a lost index is refused with one sentence, and --new-index sets the files aside and goes on', () => {
  rmSync(databasePath(folder));
  const refused = edm2('runs');
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr).toContain(`index ${databasePath(folder)} is missing`);
  expect(refused.stderr).toContain('--new-index');
  const begun = edm2('runs', '--new-index', '--json');
  expect(begun).toMatchObject({ status: 0, stderr: '', stdout: '' });
  expect(JSON.parse(edm2('library', 'set-aside', '--json').stdout)).toMatchObject({ count: 32 });
});

test('a folder of somebody else is refused with one sentence', () => {
  const theirs = join(folder, 'logs/theirs');
  mkdirSync(theirs);
  writeFileSync(join(theirs, 'letter.txt'), '');
  const refused = edm2('runs', '--library', theirs);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr.trim()).toBe(
    `${theirs} is no library of EDM2 Studio, and not empty (letter.txt). Name an empty folder, or one that is not there yet, with --library.`,
  );
  expect(readdirSync(theirs)).toEqual(['letter.txt']);
});
