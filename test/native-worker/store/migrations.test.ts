import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkpointsToResume } from '../../../native-worker/store/checkpoints.ts';
import { getJobParameters, insertJob, listJobs } from '../../../native-worker/store/jobs.ts';
import { readDynamics } from '../../../native-worker/store/dynamics.ts';
import { openLibrary, type Library } from '../../../native-worker/store/library.ts';
import { migrations } from '../../../native-worker/store/migrations/all.ts';
import { getRun, setDevices } from '../../../native-worker/store/runs.ts';
import { listSnapshots } from '../../../native-worker/store/snapshots.ts';
import { readTicks } from '../../../native-worker/store/ticks.ts';
import { getSample } from '../../../native-worker/store/samples.ts';

/** What steps of the schema do to a library of the version before them. */

let folder: string;
let library: Library | null = null;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'edm2-migrations-'))));
afterEach(() => {
  library?.close();
  library = null;
  rmSync(folder, { recursive: true, force: true });
});

/** A library of an older version with this content. */
function older(version: number, content: string): void {
  const made = openLibrary(folder, { migrate: true, steps: migrations.slice(0, version) });
  made.db.exec(content);
  made.close();
}

const RUN = `
  INSERT INTO datasets (id, name, source, attribution, resolution, channels, classes, class_counts, count, pixel_std, file, size_bytes, sha256, created_at)
    VALUES (1, 'd', '', '', 16, 3, '[]', '[]', 1, 0.5, 'f', 1, '', 0);
  INSERT INTO runs (id, name, state, dataset_id, config, resolution, channels, label_dim, seed, duration_images, parameters, created_at)
    VALUES (1, 'r', 'finished', 1, '{}', 16, 3, 0, 0, 64, 1, 0);
  INSERT INTO snapshots (id, run_id, nimg, ema_std, file, size_bytes, sha256, created_at) VALUES (5, 1, 32, 0.1, 'f', 1, '', 0);`;

test('jobs and samples of the first version name their model as today’s do', () => {
  const request = { seeds: [3], labels: [null], columns: 1, sampler: { steps: 4 } };
  older(
    1,
    `${RUN}
    INSERT INTO jobs (id, kind, state, title, parameters, run_id, position, created_at) VALUES
      (7, 'sample', 'queued', 'draw', '${JSON.stringify({ kind: 'sample', request: { ...request, snapshotId: 5 } })}', 1, 2.5, 11),
      (8, 'train', 'done', 'learn', '{"kind":"train","runId":1}', 1, 1, 12),
      (30, 'import', 'failed', 'gone', '{}', NULL, 1, 13);
    DELETE FROM jobs WHERE id = 30;
    INSERT INTO samples (id, run_id, snapshot_id, origin, nimg, ema_std, seeds, labels, columns, resolution, sampler, file, seconds, created_at)
      VALUES (1, 1, 5, 'generate', 32, 0.1, '[1]', '[null]', 1, 16, '{}', 'a', 1, 0), (2, 1, NULL, 'grid', 32, 0.1, '[1]', '[null]', 1, 16, '{}', 'b', 1, 0);`,
  );
  const { db } = (library = openLibrary(folder, { migrate: true }));
  const model = { kind: 'snapshot', snapshotId: 5 };
  expect(getJobParameters(db, 7)).toMatchObject({
    kind: 'sample',
    request: { model, seeds: [3], sampler: { steps: 4 } },
  });
  expect(getJobParameters(db, 8)).toMatchObject({ kind: 'train', runId: 1 });
  expect(listJobs(db, 9)).toMatchObject([
    { id: 7, state: 'queued', title: 'draw', runId: 1, createdAt: 11 },
    { id: 8, state: 'done', title: 'learn', runId: 1, createdAt: 12 },
  ]);
  expect([getSample(db, 1).model, getSample(db, 2).model]).toEqual([model, null]);
  expect(db.pragma('foreign_key_check')).toEqual([]);
  // An id that was used once, if only by a job that is gone, is not used again.
  const asked = { runId: 1, nimg: 32, targets: [{ sigmaRel: 0.2, name: null }] };
  const mix = { parameters: { kind: 'reconstruct', request: asked }, title: 'mix', runId: 1 } as const;
  expect(insertJob(db, mix)).toBe(31);
  db.prepare('DELETE FROM runs').run();
  expect(listJobs(db, 9)).toEqual([]); // jobs still go with their run
});

test('averages that an older version left in undone history no longer count, and those written since do', () => {
  const rows = [
    [32, 100], // before the checkpoint
    [64, 100], // undone at 200
    [96, 300], // written again since
  ].map(([nimg, at]) => `(1, ${nimg}, 0.2, 'f', 1, '', ${at})`);
  const columns = 'run_id, nimg, ema_std, file, size_bytes, sha256, created_at';
  older(
    6,
    `${RUN}
    INSERT INTO snapshots (${columns}) VALUES ${rows.join(', ')};
    INSERT INTO checkpoints (run_id, nimg, file, size_bytes, sha256, created_at) VALUES (1, 40, 'a', 1, '', 100), (1, 80, 'b', 1, '', 100);
    INSERT INTO resumes (run_id, nimg, at) VALUES (1, 40, 200);`,
  );
  const { db } = (library = openLibrary(folder, { migrate: true }));
  expect(listSnapshots(db, 1).map(({ nimg }) => nimg)).toEqual([32, 32, 96]);
  expect(checkpointsToResume(db, 1).map(({ nimg }) => nimg)).toEqual([40]);
});

test('what an older version stored of averages and networks is read with today’s names', () => {
  const recipe = { kind: 'recipe', runId: 1, nimg: 32, emaStd: 0.2 };
  const guidance = { guide: recipe, strength: 2, runId: 1, nimg: 32, emaStd: 0.2 };
  const request = { runId: 1, nimg: 32, targets: [{ emaStd: 0.2, name: null }] };
  const json = (value: unknown): string => `'${JSON.stringify(value)}'`;
  older(
    11,
    `${RUN}
    INSERT INTO jobs (id, kind, state, title, parameters, run_id, position, created_at)
      VALUES (7, 'reconstruct', 'queued', 'mix', ${json({ kind: 'reconstruct', request })}, 1, 1, 11);
    INSERT INTO samples (id, run_id, model, guidance, origin, nimg, ema_std, seeds, labels, columns, resolution, sampler, file, seconds, created_at)
      VALUES (1, 1, ${json(recipe)}, ${json(guidance)}, 'generate', 32, 0.2, '[1]', '[null]', 1, 16, '{"steps":4}', 'a', 1, 0);`,
  );
  const { db } = (library = openLibrary(folder, { migrate: true }));
  const model = { kind: 'recipe', runId: 1, nimg: 32, sigmaRel: 0.2 };
  expect(getSample(db, 1)).toMatchObject({
    sigmaRel: 0.2,
    model,
    guidance: { guide: model, strength: 2, runId: 1, nimg: 32, sigmaRel: 0.2 },
  });
  expect(getJobParameters(db, 7)).toMatchObject({ request: { targets: [{ sigmaRel: 0.2 }] } });
});

test('jobs of an older version stay as they were, with what they made, and there is room for measurements', () => {
  older(
    12,
    `${RUN}
    INSERT INTO jobs (id, kind, state, title, parameters, run_id, position, created_at, error, error_code) VALUES
      (7, 'reconstruct', 'done', 'mix', '{}', 1, 1, 11, NULL, NULL),
      (8, 'train', 'failed', 'learn', '{"kind":"train","runId":1}', 1, 2.5, 12, 'No.', 'not-finite'),
      (30, 'import', 'failed', 'gone', '{}', NULL, 1, 13, NULL, NULL);
    DELETE FROM jobs WHERE id = 30;
    INSERT INTO reconstructions (id, run_id, job_id, name, nimg, ema_std, error, terms, file, size_bytes, sha256, created_at)
      VALUES (1, 1, 7, 'made', 32, 0.2, 0, '[]', 'f', 1, '', 0), (2, 1, NULL, 'left', 32, 0.2, 0, '[]', 'g', 1, '', 0);`,
  );
  const { db } = (library = openLibrary(folder, { migrate: true }));
  expect(listJobs(db, 9)).toMatchObject([
    { id: 8, kind: 'train', state: 'failed', error: 'No.', errorCode: 'not-finite', createdAt: 12 },
    { id: 7, kind: 'reconstruct', state: 'done', errorCode: null },
  ]);
  expect(db.prepare('SELECT id, job_id FROM reconstructions ORDER BY id').raw().all()).toEqual([
    [1, 7],
    [2, null],
  ]);
  expect(db.pragma('foreign_key_check')).toEqual([]);
  const measure = { parameters: { kind: 'profile', runId: 1, work: 'training' }, title: 'measure', runId: 1 } as const;
  expect(insertJob(db, measure)).toBe(31);
  db.prepare('DELETE FROM jobs WHERE id = 7').run();
  expect(db.prepare('SELECT job_id FROM reconstructions WHERE id = 1').pluck().get()).toBe(null);
});

test('a version that knows configurations of format 1 alone refuses a library of format 2', () => {
  openLibrary(folder, { migrate: true }).close();
  expect(() => openLibrary(folder, { migrate: true, steps: migrations.slice(0, 11) })).toThrow(
    /written by a newer EDM2 Studio/,
  );
});

test('a run whose configuration is of a newer format is refused with that', () => {
  older(12, RUN.replace("'{}'", '\'{"version":4}\''));
  const { db } = (library = openLibrary(folder, { migrate: true }));
  expect(() => getRun(db, 1)).toThrow(
    "Run 1 can't be read: its configuration was written by a newer EDM2 Studio (format 4, this one knows 3). Update EDM2 Studio.",
  );
});

test('sheets keep their precision where TF32 becomes one', () => {
  older(
    13,
    `${RUN}
    INSERT INTO samples (id, run_id, origin, nimg, ema_std, seeds, labels, columns, resolution, sampler, file, seconds, created_at, precision)
      VALUES (1, 1, 'grid', 32, 0.1, '[1]', '[null]', 1, 16, '{}', 'a', 1, 0, 'fp32'), (2, 1, 'grid', 32, 0.1, '[1]', '[null]', 1, 16, '{}', 'b', 1, 0, 'bf16');`,
  );
  const { db } = (library = openLibrary(folder, { migrate: true }));
  expect(getSample(db, 1).precision).toBe('fp32');
  expect(getSample(db, 2).precision).toBe('bf16');
  db.exec(`UPDATE samples SET precision = 'tf32' WHERE id = 1`);
  expect(getSample(db, 1).precision).toBe('tf32');
  expect(() => db.exec(`UPDATE samples SET precision = 'fp8' WHERE id = 1`)).toThrow(/CHECK/);
});

test('runs of before compute on the device of the settings, and devices must be JSON', () => {
  older(15, RUN);
  const { db } = (library = openLibrary(folder, { migrate: true }));
  expect(db.prepare('SELECT devices FROM runs').pluck().get()).toBeNull();
  setDevices(db, 1, ['gpu:0', 'gpu:1']);
  expect(db.prepare('SELECT devices FROM runs').pluck().get()).toBe('["gpu:0","gpu:1"]');
  expect(() => db.exec(`UPDATE runs SET devices = 'gpu:0'`)).toThrow(/CHECK/);
});

test('sheets of an older version stay what they were drawn for, and the EMA lab can have its own', () => {
  older(
    17,
    `${RUN}
    INSERT INTO samples (id, run_id, origin, nimg, ema_std, seeds, labels, columns, resolution, sampler, file, seconds, created_at) VALUES
      (1, 1, 'grid', 32, 0.1, '[1]', '[null]', 1, 16, '{"steps":4}', 'a', 1, 0),
      (2, 1, 'generate', 32, 0.1, '[1]', '[null]', 1, 16, '{"steps":4}', 'b', 1, 0);`,
  );
  const { db } = (library = openLibrary(folder, { migrate: true }));
  expect([getSample(db, 1).origin, getSample(db, 2).origin]).toEqual(['grid', 'generate']);
  const set = (origin: string): unknown => db.prepare('UPDATE samples SET origin = ? WHERE id = 2').run(origin);
  set('ema-lab');
  expect(getSample(db, 2).origin).toBe('ema-lab');
  expect(() => set('other')).toThrow(/CHECK/);
  const plan = db.prepare(
    `EXPLAIN QUERY PLAN SELECT id FROM samples WHERE run_id = 1 AND origin = 'grid' AND rewound = 0`,
  );
  expect(JSON.stringify(plan.all())).toContain('samples_by_run');
});

test('magnitudes of before stand among all kinds, and ticks of before say no weighted error', () => {
  older(
    19,
    `${RUN}
    INSERT INTO ticks (run_id, nimg, at, train_seconds, loss, learning_rate, memory_bytes) VALUES (1, 16, 0, 1, 0.5, 0, 0);
    INSERT INTO magnitude_layers (run_id, kind, position, name) VALUES (1, 'weight', 0, 'a'), (1, 'weight', 1, 'b');
    INSERT INTO magnitudes (run_id, kind, rewound, nimg, rms) VALUES
      (1, 'weight', 0, 16, x'0000803f00000040'), (1, 'weight', 1, 32, x'0000803f00000040');`,
  );
  const { db } = (library = openLibrary(folder, { migrate: true }));
  expect(readDynamics(db, 1, 'weight', { maxColumns: 100 })).toEqual({
    kind: 'weight',
    layers: ['a', 'b'],
    nimg: [16],
    values: [[1], [2]],
  });
  expect(readDynamics(db, 1, 'noise-loss', { maxColumns: 100 })).toEqual({
    kind: 'noise-loss',
    layers: [],
    nimg: [],
    values: [],
  });
  expect(readTicks(db, 1, { afterNimg: -1, maxPoints: 10 })).toMatchObject({ loss: [0.5], weightedError: [null] });
});
