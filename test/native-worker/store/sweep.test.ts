import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '../../../contract/errors.ts';
import { insertCheckpoint, listCheckpoints } from '../../../native-worker/store/checkpoints.ts';
import { datasetFile, listDatasets } from '../../../native-worker/store/datasets.ts';
import { openLibrary, type Library } from '../../../native-worker/store/library.ts';
import { listLog } from '../../../native-worker/store/log.ts';
import { backUp } from '../../../native-worker/store/migrate.ts';
import { checkpointPath, databasePath, picturesPath } from '../../../native-worker/store/paths.ts';
import { dropFiles, recordFiles, unfinishedFiles } from '../../../native-worker/store/recorded-files.ts';
import { filesBelow, listSetAside } from '../../../native-worker/store/set-aside.ts';
import { sweep } from '../../../native-worker/store/sweep.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

const AT = new Date('2026-11-28T06:30:00.000Z');
const ASIDE = 'set-aside/2026-11-28T06-30-00-000Z';

let library: Library;
let datasetId: number;
let runId: number;
let outside: string;
let remove: () => void;
beforeEach(async () => {
  ({ library, datasetId, remove } = await makeLibrary());
  runId = makeRun(library, datasetId, tinyConfig());
  outside = mkdtempSync(join(tmpdir(), 'edm2-outside-'));
});
afterEach(() => {
  remove();
  rmSync(outside, { recursive: true, force: true });
});

function put(path: string, content = 'content'): string {
  mkdirSync(dirname(join(library.folder, path)), { recursive: true });
  writeFileSync(join(library.folder, path), content);
  return path;
}

const row = (nimg: number) => ({ runId, nimg, file: checkpointPath(runId, nimg), sizeBytes: 7, sha256: '' });

function record(nimg: number): string {
  insertCheckpoint(library.db, row(nimg));
  return checkpointPath(runId, nimg);
}

function note(...files: string[]): void {
  for (const file of files) library.db.prepare('INSERT INTO unfinished_files VALUES (?)').run(file);
}

const there = (path: string): boolean => existsSync(join(library.folder, path));
const content = (path: string): string => readFileSync(join(library.folder, path), 'utf8');

test('files that the index does not know are set aside under their old path, each of them and unchanged', () => {
  const kept = put(record(16));
  const mosaic = put(`files/datasets/${datasetId}/mosaic.png`);
  const strangers = [
    checkpointPath(runId, 32),
    `files/runs/${runId}/notes.txt`,
    'files/runs/README',
    'files/runs/99/snapshots/x.safetensors',
    'files/datasets/99/pictures.safetensors',
    `files/datasets/${datasetId}/mine.png`,
    'files/tmp/mine.txt',
  ];
  for (const path of strangers) put(path, `of ${path}`);
  put('mine.txt');
  put('files/mine.txt');
  const result = sweep(library, AT);
  expect(result).toMatchObject({ into: ASIDE, deleted: [], leftAlone: [], lost: [] });
  expect(result.setAside.toSorted()).toEqual(strangers.toSorted());
  expect(strangers.filter(there)).toEqual([]);
  for (const path of strangers) expect(content(`${ASIDE}/${path}`)).toBe(`of ${path}`);
  const left = [kept, mosaic, picturesPath(datasetId), 'mine.txt', 'files/mine.txt'];
  expect(left.filter((path) => !there(path))).toEqual([]);
  expect(there('files/runs/99')).toBe(false); // an empty folder tells nobody anything
  expect(listSetAside(library.folder).files).toHaveLength(strangers.length);
  expect(sweep(library)).toMatchObject({ deleted: [], setAside: [], into: null });
});

test('temporary files of ours and what jobs were at work on are deleted', () => {
  const temporaries = [
    put(`files/runs/${runId}/snapshots/.x.safetensors.0a1b2c3d4e5f.tmp`),
    put('files/tmp/job-3/pictures.safetensors'),
    put('files/tmp/demo-set.safetensors'),
    put('files/tmp/.demo-set.safetensors.0a1b2c3d4e5f.tmp'),
  ];
  const alike = put(`files/runs/${runId}/snapshots/backup.tmp`);
  const { deleted, setAside } = sweep(library, AT);
  expect(deleted.toSorted()).toEqual(temporaries.toSorted());
  expect(setAside).toEqual([alike]);
  expect([...temporaries, 'files/tmp/job-3'].filter(there)).toEqual([]);
});

test('what a crash left unfinished is deleted, unless a row knows it', () => {
  note(put(checkpointPath(runId, 32)), put(record(16)), 'files/runs/8/gone.safetensors');
  expect(sweep(library)).toMatchObject({ deleted: [checkpointPath(runId, 32)], setAside: [], lost: [] });
  expect(there(checkpointPath(runId, 16))).toBe(true);
  expect(unfinishedFiles(library.db)).toEqual([]);
});

test('a file whose replacement was cut short is known by what it holds now', () => {
  note(put(record(16), 'new content'));
  put(record(32), 'changed by something else');
  sweep(library);
  const rows = library.db.prepare('SELECT sha256, size_bytes AS size FROM checkpoints ORDER BY nimg').all();
  const sha256 = createHash('sha256').update('new content').digest('hex');
  expect(rows).toEqual([
    { sha256, size: 11 },
    { sha256: '', size: 7 }, // that is for its reader to find
  ]);
});

test('notes beside files that the index does not know may be as old as it: then nothing is deleted', () => {
  note(put(checkpointPath(runId, 32)));
  put(checkpointPath(runId, 48));
  expect(sweep(library, AT)).toMatchObject({ deleted: [] });
  expect([32, 48].filter((nimg) => !there(`${ASIDE}/${checkpointPath(runId, nimg)}`))).toEqual([]);
});

test('a backup of the index remembers nothing unfinished', () => {
  note('files/runs/1/x');
  const backup = backUp(library.db, library.folder, 7);
  expect(unfinishedFiles(library.db)).toEqual(['files/runs/1/x']);
  library.close();
  writeFileSync(databasePath(library.folder), readFileSync(backup));
  library = openLibrary(library.folder, { migrate: true });
  expect(unfinishedFiles(library.db)).toEqual([]);
});

test('no link is followed, moved or deleted, whether it stands for a file, a folder of a run or a whole run', () => {
  for (const file of ['a.safetensors', 'b/c.safetensors', `snapshots/d.safetensors`]) {
    mkdirSync(dirname(join(outside, file)), { recursive: true });
    writeFileSync(join(outside, file), 'theirs');
  }
  const links = [
    [`files/runs/${runId}/checkpoints/000000000032.safetensors`, 'a.safetensors'],
    [`files/runs/${runId}/snapshots`, 'b'],
    ['files/runs/99', '.'],
    ['files/tmp/job-3', '.'],
    [`files/runs/${runId}/samples/.x.png.0a1b2c3d4e5f.tmp`, 'a.safetensors'],
  ] as const;
  for (const [link, target] of links) {
    mkdirSync(dirname(join(library.folder, link)), { recursive: true });
    symlinkSync(join(outside, target), join(library.folder, link));
  }
  record(64);
  library.db.prepare('UPDATE checkpoints SET file = ?').run(`files/runs/${runId}/snapshots/c.safetensors`);
  note('files/runs/99/a.safetensors', links[0][0]);
  const result = sweep(library, AT);
  expect(result).toMatchObject({ deleted: [], setAside: [], lost: [] });
  expect(result.leftAlone.map(({ file }) => file).toSorted()).toEqual(links.map(([link]) => link).toSorted());
  expect(readdirSync(outside).toSorted()).toEqual(['a.safetensors', 'b', 'snapshots']);
  expect(links.filter(([link]) => !there(link))).toEqual([]);
  expect(listCheckpoints(library.db, runId)).toHaveLength(1);
});

test('a row whose file has gone is removed, and the log of the run says so', () => {
  put(record(16));
  record(32);
  expect(sweep(library).lost).toEqual([checkpointPath(runId, 32)]);
  expect(listCheckpoints(library.db, runId).map(({ nimg }) => nimg)).toEqual([16]);
  expect(listLog(library.db, runId, 10).at(-1)).toMatchObject({
    level: 'warn',
    text: expect.stringContaining('has disappeared') as string,
  });
});

test('a dataset whose file has gone is not offered any more, and comes back with its file', () => {
  rmSync(join(library.folder, picturesPath(datasetId)));
  sweep(library);
  expect(listDatasets(library.db)).toEqual([]);
  expect(() => datasetFile(library.db, datasetId)).toThrow(AppError);
  put(picturesPath(datasetId));
  sweep(library);
  expect(listDatasets(library.db).map(({ id }) => id)).toEqual([datasetId]);
});

test('files that can not be made are gone again, and a file that was there before stays', async () => {
  put(record(16), 'old');
  const make = (): never => {
    put(checkpointPath(runId, 32));
    throw new AppError('no-space', 'full');
  };
  const files = [checkpointPath(runId, 16), checkpointPath(runId, 32)];
  await expect(recordFiles(library, files, make, () => undefined)).rejects.toThrow('full');
  expect([content(files[0]!), there(files[1]!)]).toEqual(['old', false]);
  expect(sweep(library)).toMatchObject({ deleted: [], setAside: [], lost: [] });
});

test('a file that another row names, too, stays when one of them is dropped', async () => {
  put(record(16));
  await dropFiles(library, () => [checkpointPath(runId, 16)]);
  expect(there(checkpointPath(runId, 16))).toBe(true);
});

/** Where a process dies: it writes a second checkpoint, records it, and drops the first. */
const STEPS = [
  'before the note',
  'noted',
  'made',
  'in the transaction',
  'recorded',
  'in the drop',
  'dropped',
  'deleted',
];

test.each(STEPS)('a process that is killed at the step "%s" leaves no litter and loses nothing', async (step) => {
  put(record(16));
  const script = join(outside, 'writer.ts');
  const store = new URL('../../../native-worker/store/', import.meta.url).href;
  writeFileSync(
    script,
    `import { writeFileSync } from 'node:fs';
     import fs from 'node:fs/promises';
     import { syncBuiltinESMExports } from 'node:module';
     const die = (step) => step === ${JSON.stringify(step)} && process.kill(process.pid, 'SIGKILL');
     const { rm } = fs;
     fs.rm = async (...args) => { die('dropped'); await rm(...args); die('deleted'); };
     syncBuiltinESMExports();
     const { openLibrary } = await import('${store}library.ts');
     const { forgetOldCheckpoints, insertCheckpoint } = await import('${store}checkpoints.ts');
     const { dropFiles, recordFiles } = await import('${store}recorded-files.ts');
     const library = openLibrary(${JSON.stringify(library.folder)});
     const row = ${JSON.stringify(row(32))};
     die('before the note');
     await recordFiles(library, [row.file], ([path]) => {
       die('noted');
       writeFileSync(path, 'content');
       die('made');
     }, () => {
       insertCheckpoint(library.db, row);
       die('in the transaction');
     });
     die('recorded');
     await dropFiles(library, () => {
       const files = forgetOldCheckpoints(library.db, ${runId}, 1);
       die('in the drop');
       return files;
     });`,
  );
  const signal = await new Promise((resolve) => {
    spawn(process.execPath, [script], { stdio: 'inherit' }).on('exit', (_, ended) => resolve(ended));
  });
  expect(signal).toBe('SIGKILL');
  expect(sweep(library)).toMatchObject({ setAside: [], leftAlone: [], lost: [] });
  const expected = STEPS.indexOf(step) < 4 ? [16] : STEPS.indexOf(step) < 6 ? [16, 32] : [32];
  expect(listCheckpoints(library.db, runId).map(({ nimg }) => nimg)).toEqual(expected);
  const files = filesBelow(library.folder, 'files/runs').map(({ file }) => file);
  expect(files).toEqual(expected.map((nimg) => checkpointPath(runId, nimg)));
  expect(unfinishedFiles(library.db)).toEqual([]);
});

test.skipIf(process.platform === 'win32')(
  'a pipe among the files is set aside, and nobody waits for its other end',
  () => {
    mkdirSync(join(library.folder, `files/runs/${runId}/snapshots`), { recursive: true });
    const pipe = `files/runs/${runId}/snapshots/x.safetensors`;
    spawnSync('mkfifo', [join(library.folder, pipe)]);
    note(pipe);
    sweep(library, AT);
    sweep(library, AT);
    expect([there(pipe), there(`${ASIDE}/${pipe}`)]).toEqual([false, true]);
  },
);
