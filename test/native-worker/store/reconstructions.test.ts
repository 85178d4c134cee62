import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Library } from '../../../native-worker/store/library.ts';
import { listLog } from '../../../native-worker/store/log.ts';
import { findModel } from '../../../native-worker/store/models.ts';
import { reconstructionPath } from '../../../native-worker/store/paths.ts';
import {
  getReconstruction,
  insertReconstruction,
  listReconstructions,
  renameReconstruction,
} from '../../../native-worker/store/reconstructions.ts';
import { deleteRunRows } from '../../../native-worker/store/runs.ts';
import { getSnapshot, insertSnapshot } from '../../../native-worker/store/snapshots.ts';
import { sweep } from '../../../native-worker/store/sweep.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

let library: Library;
let runId: number;
let otherRun: number;
let remove: () => void;
beforeEach(async () => {
  const made = await makeLibrary();
  ({ library, remove } = made);
  runId = makeRun(library, made.datasetId, tinyConfig());
  otherRun = makeRun(library, made.datasetId, tinyConfig());
});
afterEach(() => remove());

const terms = [
  { snapshotId: 1, nimg: 32, sigmaRel: 0.05, coefficient: -0.25 },
  { snapshotId: 2, nimg: 32, sigmaRel: 0.1, coefficient: 1.25 },
];

function put(path: string): string {
  mkdirSync(dirname(join(library.folder, path)), { recursive: true });
  writeFileSync(join(library.folder, path), 'content');
  return path;
}

function insert(run: number, nimg: number, sigmaRel: number): number {
  const file = put(reconstructionPath(run, nimg, sigmaRel, 7));
  const facts = { name: 'a', nimg, sigmaRel, error: 0.01, terms, sizeBytes: 7, sha256: 'ab' };
  return insertReconstruction(library.db, { runId: run, jobId: null, file, ...facts }, 1234);
}

test('a reconstruction comes back as it was written, and under another name', () => {
  const id = insert(runId, 32, 0.15);
  const row = { id, runId, jobId: null, name: 'a', nimg: 32, sigmaRel: 0.15, error: 0.01, terms };
  const file = reconstructionPath(runId, 32, 0.15, 7);
  expect(getReconstruction(library.db, id)).toEqual({ ...row, sizeBytes: 7, sha256: 'ab', createdAt: 1234, file });
  renameReconstruction(library.db, id, 'b');
  expect(getReconstruction(library.db, id).name).toBe('b');
  expect(() => renameReconstruction(library.db, 99, 'b')).toThrow('no kept reconstruction 99');
});

test('they are listed by time, then by length, of one run or of all', () => {
  const ids = [insert(runId, 64, 0.15), insert(runId, 32, 0.2), insert(runId, 64, 0.07), insert(otherRun, 32, 0.15)];
  const idsOf = (run: number | null): number[] => listReconstructions(library.db, run).map(({ id }) => id);
  expect(idsOf(runId)).toEqual([ids[1], ids[2], ids[0]]);
  expect(idsOf(null)).toEqual([ids[1], ids[2], ids[0], ids[3]]);
});

test('it survives its snapshots, and goes with its run', () => {
  const file = put(`files/runs/${runId}/snapshots/x.safetensors`);
  insertSnapshot(library.db, { runId, nimg: 32, sigmaRel: 0.1, file, sizeBytes: 7, sha256: '' });
  const id = insert(runId, 32, 0.15);
  insert(otherRun, 32, 0.15);
  library.db.prepare('DELETE FROM snapshots').run();
  expect(getReconstruction(library.db, id).terms).toEqual(terms);
  deleteRunRows(library.db, runId);
  expect(listReconstructions(library.db, null).map((one) => one.runId)).toEqual([otherRun]);
});

test('a file that no row knows is swept away; a row whose file has gone, too, and the log says so', () => {
  const id = insert(runId, 32, 0.15);
  const lost = insert(runId, 64, 0.15);
  const orphan = put(reconstructionPath(runId, 96, 0.15, 8)); // moved here, but the process died before its row
  rmSync(join(library.folder, reconstructionPath(runId, 64, 0.15, 7)));
  sweep(library);
  expect(listReconstructions(library.db, null).map((one) => one.id)).toEqual([id]);
  expect(lost).not.toBe(id);
  expect(existsSync(join(library.folder, orphan))).toBe(false);
  expect(existsSync(join(library.folder, reconstructionPath(runId, 32, 0.15, 7)))).toBe(true);
  expect(listLog(library.db, runId, 10).at(-1)!.text).toContain('reconstructed average at 64 images has disappeared');
});

test('a model is found by its snapshot, its reconstruction or its recipe', () => {
  const { db } = library;
  const snapshots = [0.05, 0.1].map((sigmaRel) => {
    const file = put(`files/runs/${runId}/snapshots/${sigmaRel}.safetensors`);
    return insertSnapshot(db, { runId, nimg: 32, sigmaRel, file, sizeBytes: 7, sha256: '' });
  });
  const { file, sha256 } = getSnapshot(db, snapshots[1]!);
  const stored = { runId, nimg: 32, sigmaRel: 0.1, source: { file, sha256 } };
  expect(findModel(db, { kind: 'snapshot', snapshotId: snapshots[1]! })).toEqual(stored);
  const kept = findModel(db, { kind: 'reconstruction', reconstructionId: insert(runId, 32, 0.15) });
  expect(kept).toMatchObject({ runId, sigmaRel: 0.15, source: { file: reconstructionPath(runId, 32, 0.15, 7) } });
  const recipe = findModel(db, { kind: 'recipe', runId, nimg: 32, sigmaRel: 0.15 });
  expect(recipe).toMatchObject({ runId, sigmaRel: 0.15, source: { recipe: { terms: [{}, {}] } } });
});
