import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '../../../contract/errors.ts';
import { insertCheckpoint, listCheckpoints } from '../../../native-worker/store/checkpoints.ts';
import { datasetFile, listDatasets } from '../../../native-worker/store/datasets.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { listLog } from '../../../native-worker/store/log.ts';
import { checkpointPath, picturesPath } from '../../../native-worker/store/paths.ts';
import { sweep } from '../../../native-worker/store/sweep.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

let library: Library;
let datasetId: number;
let runId: number;
let remove: () => void;
beforeEach(async () => {
  ({ library, datasetId, remove } = await makeLibrary());
  runId = makeRun(library, datasetId, tinyConfig());
});
afterEach(() => remove());

function put(path: string): string {
  mkdirSync(dirname(join(library.folder, path)), { recursive: true });
  writeFileSync(join(library.folder, path), 'content');
  return path;
}

function record(nimg: number): string {
  const file = checkpointPath(runId, nimg);
  insertCheckpoint(library.db, { runId, nimg, file, sizeBytes: 7, sha256: '' });
  return file;
}

const there = (path: string): boolean => existsSync(join(library.folder, path));

test('files that no row knows are deleted, all others stay', () => {
  const kept = put(record(16));
  const orphans = [
    put(checkpointPath(runId, 32)), // written, but the process died before its row
    put(`files/runs/${runId}/snapshots/.x.safetensors.0a1b.tmp`),
    put('files/runs/99/snapshots/x.safetensors'), // of a run that was deleted
    put('files/datasets/99/pictures.safetensors'),
    put('files/tmp/job-3/pictures.safetensors'),
  ];
  const strangers = [put(`files/runs/${runId}/notes.txt`), put('files/runs/README'), put('mine.txt')];
  sweep(library);
  expect(orphans.filter(there)).toEqual([]);
  expect([kept, picturesPath(datasetId), ...strangers].filter((path) => !there(path))).toEqual([]);
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

test('nothing of a run that a living job of an earlier service writes is touched', () => {
  const file = put(checkpointPath(runId, 48));
  const temporary = put('files/tmp/job-3/pictures.safetensors');
  record(64);
  sweep(library, new Set([runId]));
  expect([file, temporary].every(there)).toBe(true);
  expect(listCheckpoints(library.db, runId)).toHaveLength(1);
});
