import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '../../../contract/errors.ts';
import { insertCheckpoint, listCheckpoints } from '../../../native-worker/store/checkpoints.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { backUp, schemaVersion } from '../../../native-worker/store/migrate.ts';
import { checkpointPath, databasePath, OPEN_MARKER } from '../../../native-worker/store/paths.ts';
import { recordFiles } from '../../../native-worker/store/recorded-files.ts';
import { listRuns } from '../../../native-worker/store/runs.ts';
import { filesBelow } from '../../../native-worker/store/set-aside.ts';
import { sweep } from '../../../native-worker/store/sweep.ts';
import { unpackOldLibrary } from '../../support/old-library.ts';

/** What becomes of the files of a library when its index is not the one that belongs to them: nothing. */

let folder: string;
let remove: () => void;
/** The files of runs and datasets, by name: the old path behind `set-aside/DATE/` counts as the same file. */
const files = (): string[] =>
  [...filesBelow(folder, 'files'), ...filesBelow(folder, 'set-aside')]
    .map(({ file }) => file.replace(/^set-aside\/[^/]+\//u, ''))
    .filter((file) => file.startsWith('files/'))
    .toSorted();
let before: string[];

beforeEach(() => {
  ({ folder, remove } = unpackOldLibrary());
  before = files();
  expect(before.length).toBe(32);
});
afterEach(() => remove());

function refusal(newIndex = false): AppError | null {
  try {
    openLibrary(folder, { migrate: true, newIndex }).close();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  return null;
}

function runsAfterSweep(newIndex = false): string[] {
  const library = openLibrary(folder, { migrate: true, newIndex });
  sweep(library);
  const names = listRuns(library.db, { trashed: false }).map(({ name }) => name);
  library.close();
  return names;
}

const index = (): string => databasePath(folder);

const LOSSES: [string, string, () => void][] = [
  ['moved away because it was damaged', 'is missing', () => renameSync(index(), join(folder, 'old.sqlite'))],
  ['deleted', 'is missing', () => rmSync(index())],
  ['emptied', 'is empty', () => writeFileSync(index(), '')],
  [
    'replaced by an empty database',
    'is empty',
    () => {
      rmSync(index());
      const db = new Database(index());
      db.pragma('journal_mode = WAL');
      db.close();
    },
  ],
  ['overwritten', 'is damaged', () => writeFileSync(index(), 'no database'.repeat(1000))],
  [
    'torn in the middle, as is found after an unclean end',
    'is damaged',
    () => {
      const bytes = readFileSync(index());
      bytes.fill(0xab, 8192, 40_960);
      writeFileSync(index(), bytes);
      writeFileSync(join(folder, OPEN_MARKER), '');
    },
  ],
];

test.each(LOSSES)('an index that was %s is refused with what to do, and nothing is changed', (_, what, lose) => {
  lose();
  const bytes = (): Buffer | null => (readdirSync(folder).includes('library.sqlite') ? readFileSync(index()) : null);
  const found = bytes();
  const error = refusal();
  expect(error).toMatchObject({ code: 'index-lost' });
  expect(error!.message).toContain(what);
  expect(error!.message).toContain('--new-index');
  expect(files()).toEqual(before);
  expect(filesBelow(folder, 'set-aside')).toEqual([]);
  expect(bytes()).toEqual(found);
});

test.each(LOSSES)('with a new index in the place of one that was %s, all files are set aside', (_, what, lose) => {
  lose();
  expect(runsAfterSweep(true)).toEqual([]);
  expect(files()).toEqual(before);
  expect(filesBelow(folder, 'files')).toEqual([]);
  const kept = filesBelow(folder, 'set-aside').some(({ file }) => file.endsWith('/library.sqlite'));
  expect(kept).toBe(what !== 'is missing');
  expect(runsAfterSweep()).toEqual([]); // from now on it is a library as any other
});

test('a -wal that is all there is of an index goes aside with the files, before anything opens it', () => {
  rmSync(index());
  writeFileSync(`${index()}-wal`, 'what was written last');
  expect(refusal()?.code).toBe('index-lost');
  expect(runsAfterSweep(true)).toEqual([]);
  const wal = filesBelow(folder, 'set-aside').find(({ file }) => file.endsWith('library.sqlite-wal'))!;
  expect(readFileSync(join(folder, wal.file), 'utf8')).toBe('what was written last');
});

test('--new-index leaves a library whose index is in order as it is', () => {
  expect(runsAfterSweep(true)).toEqual(['rewound', 'first']);
  expect(filesBelow(folder, 'set-aside')).toEqual([]);
});

test('the newest backup is named where there is one', () => {
  const library = openLibrary(folder, { migrate: true });
  const backup = backUp(library.db, folder, schemaVersion(library.db));
  library.close();
  rmSync(index());
  expect(refusal()?.message).toContain(`Put its newest backup in its place (${backup}), or begin a new index`);
});

test('an older index that is put back loses no file: those that it does not know are set aside', async () => {
  const library = openLibrary(folder, { migrate: true });
  library.close();
  copyFileSync(index(), join(folder, 'older.sqlite'));
  const again = openLibrary(folder, { migrate: true });
  for (const nimg of [2000, 2064]) await addCheckpoint(again.folder, nimg);
  again.close();
  before = files();
  copyFileSync(join(folder, 'older.sqlite'), index());
  expect(runsAfterSweep()).toEqual(['rewound', 'first']);
  expect(files()).toEqual(before);
  const aside = filesBelow(folder, 'set-aside').map(({ file }) => file.replace(/^set-aside\/[^/]+\//u, ''));
  expect(aside).toEqual([2000, 2064].map((nimg) => checkpointPath(3, nimg)));
});

/** As a job does, with a connection of its own. */
async function addCheckpoint(where: string, nimg: number): Promise<void> {
  const job = openLibrary(where);
  const file = checkpointPath(3, nimg);
  await recordFiles(
    job,
    [file],
    ([path]) => writeFileSync(path!, 'state'),
    () => insertCheckpoint(job.db, { runId: 3, nimg, file, sizeBytes: 5, sha256: '' }),
  );
  job.close();
}

const FRAME_BYTES = 4096 + 24;
const WAL_HEADER_BYTES = 32;

test('a bit that flips in the -wal after a crash costs no file that was recorded before the last one', async () => {
  const holder = openLibrary(folder, { migrate: true });
  holder.db.pragma('wal_checkpoint(TRUNCATE)');
  for (const nimg of [2000, 2064, 2128]) await addCheckpoint(folder, nimg);
  before = files();
  const crashed = mkdtempSync(join(tmpdir(), 'edm2-crashed-'));
  cpSync(folder, crashed, { recursive: true }); // what a kill leaves: the holder is not closed
  holder.close();
  remove();
  const frames = Math.floor((statSync(`${databasePath(crashed)}-wal`).size - WAL_HEADER_BYTES) / FRAME_BYTES);
  expect(frames).toBeGreaterThan(6);
  const last = checkpointPath(3, 2128);
  const cut: number[] = [];
  for (let frame = 0; frame < frames; frame++) {
    folder = mkdtempSync(join(tmpdir(), 'edm2-flipped-'));
    cpSync(crashed, folder, { recursive: true });
    const wal = readFileSync(`${index()}-wal`);
    wal[WAL_HEADER_BYTES + frame * FRAME_BYTES + 1000]! ^= 1;
    writeFileSync(`${index()}-wal`, wal);
    const library = openLibrary(folder, { migrate: true });
    cut.push(listCheckpoints(library.db, 3).length);
    sweep(library);
    library.close();
    // Without its row, the last one can't be told from a file that the crash left unfinished.
    expect(before.filter((file) => file !== last && !files().includes(file))).toEqual([]);
    rmSync(folder, { recursive: true });
  }
  expect(cut[0]).toBeLessThan(cut.at(-1)!); // the bits did cost rows
  remove = () => rmSync(crashed, { recursive: true });
});

test('a database of another program is left alone', () => {
  rmSync(index());
  const theirs = new Database(index());
  theirs.exec('CREATE TABLE books (title TEXT)');
  theirs.close();
  const bytes = readFileSync(index());
  expect(refusal(true)?.code).toBe('conflict');
  expect(readFileSync(index()).equals(bytes)).toBe(true);
  expect(files()).toEqual(before);
});

test('a folder of the library that is a link to somewhere else is refused, and nothing is done through it', () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'edm2-elsewhere-'));
  for (const name of ['files/tmp', 'files']) {
    const target = join(elsewhere, name.replace('/', '-'));
    renameSync(join(folder, name), target);
    symlinkSync(target, join(folder, name));
    mkdirSync(join(target, 'job-1'), { recursive: true });
    writeFileSync(join(target, 'job-1/theirs'), '');
    const error = refusal();
    expect(error).toMatchObject({ code: 'forbidden' });
    expect(error!.message).toContain(`${join(folder, name)} is a symbolic link`);
    expect(readdirSync(join(target, 'job-1'))).toEqual(['theirs']);
    rmSync(join(folder, name));
    rmSync(join(target, 'job-1'), { recursive: true });
    renameSync(target, join(folder, name));
  }
  rmSync(elsewhere, { recursive: true });
  expect(refusal()).toBeNull();
});
