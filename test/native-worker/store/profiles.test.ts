import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLibrary, type Library } from '../../../native-worker/store/library.ts';
import { getProfile, insertProfile, listProfiles, readTraceOf } from '../../../native-worker/store/profiles.ts';
import { onUnreadableRow } from '../../../native-worker/store/rows.ts';
import { exampleProfile } from '../../support/profiles.ts';
import { makeRun, tinyConfig } from '../../support/training-library.ts';

let folder: string;
let library: Library;
let runId: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-profiles-'));
  library = openLibrary(folder, { migrate: true });
  library.db
    .exec(`INSERT INTO datasets (id, name, source, attribution, resolution, channels, classes, class_counts, count, pixel_std, file, size_bytes, sha256, created_at)
    VALUES (1, 'd', '', '', 16, 3, '[]', '[]', 1, 0.5, 'f', 1, '', 0)`);
  runId = makeRun(library, 1, tinyConfig());
});
afterEach(() => {
  library.close();
  rmSync(folder, { recursive: true, force: true });
});

const keep = (nimg: number, run = runId): number =>
  insertProfile(library.db, { runId: run, nimg, profile: exampleProfile(), trace: `{"at":${nimg}}` }, 100 + nimg);

test('a measurement is read as it was kept, with its trace', () => {
  const id = keep(64);
  expect(getProfile(library.db, id)).toEqual({ id, runId, nimg: 64, profile: exampleProfile(), createdAt: 164 });
  expect(readTraceOf(library.db, id).toString()).toBe('{"at":64}');
  expect(() => getProfile(library.db, 99)).toThrow('There is no measurement 99.');
  expect(() => readTraceOf(library.db, 99)).toThrow('There is no measurement 99.');
});

test('a run keeps its newest twenty and leaves those of others alone', () => {
  const other = makeRun(library, 1, tinyConfig());
  keep(1, other);
  for (let nimg = 1; nimg <= 22; nimg += 1) keep(nimg);
  const kept = listProfiles(library.db, runId).map(({ nimg }) => nimg);
  expect(kept).toEqual(Array.from({ length: 20 }, (_, index) => 22 - index));
  expect(listProfiles(library.db, other)).toHaveLength(1);
});

test('measurements go with their run, and one that can not be read costs itself', () => {
  const told: string[] = [];
  onUnreadableRow(library.db, (problem) => told.push(problem));
  const broken = keep(1);
  const whole = keep(2);
  library.db.prepare(`UPDATE profiles SET profile = '{"ops":"many"}' WHERE id = ?`).run(broken);
  expect(listProfiles(library.db, runId).map(({ id }) => id)).toEqual([whole]);
  expect(told).toEqual([expect.stringContaining(`Measurement ${broken} can't be read`)]);
  library.db.prepare('DELETE FROM runs WHERE id = ?').run(runId);
  expect(library.db.prepare('SELECT count(*) FROM profiles').pluck().get()).toBe(0);
});
