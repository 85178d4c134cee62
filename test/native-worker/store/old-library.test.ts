import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CONFIG_FORMAT } from '../../../contract/formats.ts';
import { rungs } from '../../../contract/ladder.ts';
import { openDataset } from '../../../native-worker/data/dataset-file.ts';
import { readFacts } from '../../../native-worker/jobs/snapshot-facts.ts';
import { datasetFile, datasetProblems, listDatasets } from '../../../native-worker/store/datasets.ts';
import { getJobParameters, listJobs } from '../../../native-worker/store/jobs.ts';
import { openLibrary, type Library } from '../../../native-worker/store/library.ts';
import { getRun, listRuns } from '../../../native-worker/store/runs.ts';
import { openSafetensors } from '../../../native-worker/store/safetensors.ts';
import { listReconstructions } from '../../../native-worker/store/reconstructions.ts';
import { listSamples } from '../../../native-worker/store/samples.ts';
import { filesBelow } from '../../../native-worker/store/set-aside.ts';
import { listSnapshots } from '../../../native-worker/store/snapshots.ts';
import { sweep } from '../../../native-worker/store/sweep.ts';
import { unpackOldLibrary } from '../../support/old-library.ts';

/** Rows of each table as commit 100fc77 left them, counted when the library was packed. */
const ROWS = {
  datasets: 1,
  runs: 3,
  ticks: 29,
  dynamics: 58,
  snapshots: 10,
  checkpoints: 5,
  samples: 14,
  reconstructions: 1,
  jobs: 7,
  log: 10,
  resumes: 1,
  system_metrics: 3,
};
const FILES = 32; // 10 snapshots, 5 checkpoints, 14 sheets, 1 reconstruction, 1 dataset with its mosaic

let folder: string;
let library: Library;
let removeFolder: () => void;
let before: Map<string, string>;
beforeEach(() => {
  ({ folder, remove: removeFolder } = unpackOldLibrary());
  before = hashes();
  library = openLibrary(folder, { migrate: true });
});
afterEach(() => {
  library.close();
  removeFolder();
});

const hashes = (): Map<string, string> =>
  new Map(
    filesBelow(folder, 'files').map(({ file }) => [
      file,
      createHash('sha256')
        .update(readFileSync(join(folder, file)))
        .digest('hex'),
    ]),
  );

test('a library of the first published state opens with every row and every file as it was', () => {
  expect(before.size).toBe(FILES);
  expect(sweep(library)).toEqual({ deleted: [], setAside: [], into: null, leftAlone: [], lost: [] });
  const after = hashes();
  for (const [file, hash] of before) expect(after.get(file), file).toBe(hash);
  const count = (table: string): unknown => library.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
  expect(Object.fromEntries(Object.keys(ROWS).map((table) => [table, count(table)]))).toEqual(ROWS);
  expect(library.db.pragma('foreign_key_check')).toEqual([]);
});

test('all that an old library holds is read as today’s is', () => {
  const { db } = library;
  const runs = [...listRuns(db, { trashed: false }), ...listRuns(db, { trashed: true })];
  expect(runs.map(({ name, state, nimg }) => [name, state, nimg])).toEqual([
    ['rewound', 'stopped', 1088],
    ['first', 'finished', 96],
    ['in the trash', 'finished', 32],
  ]);
  expect(getRun(db, 1)).toMatchObject({ notes: 'Notes of the first run.\nTwo lines.', tags: ['tiny', 'kept'] });
  expect(getRun(db, 3).resumes).toEqual([1024]);
  for (const { id } of runs) {
    for (const snapshot of listSnapshots(db, id)) expect(snapshot.sizeBytes).toBeGreaterThan(10_000);
  }
  for (const [file] of before) {
    if (!/snapshots|reconstructions/u.test(file)) continue;
    const opened = openSafetensors(join(folder, file));
    expect(readFacts(opened, file).classes).toEqual(['blue', 'red']);
    opened.close();
  }
  const [dataset] = listDatasets(db);
  expect(dataset).toMatchObject({ name: 'Colours', count: 12, problemCount: 1 });
  expect(datasetProblems(db, dataset!.id)).toHaveLength(1);
  const pictures = openDataset(join(folder, datasetFile(db, dataset!.id)));
  expect(pictures.classCounts).toEqual([6, 6]);
  pictures.close();
  expect(listSamples(db, { runId: null, origin: null, limit: 100 })).toHaveLength(13); // one grid is rewound
  const [reconstruction] = listReconstructions(db, null);
  expect(reconstruction).toMatchObject({ name: 'a reconstruction', sigmaRel: 0.08, nimg: 96 });
  expect(reconstruction!.terms.map(({ sigmaRel }) => sigmaRel)).toEqual([0.05, 0.1, 0.05, 0.1, 0.05, 0.1]);
  const jobs = listJobs(db, 100).map(({ id }) => getJobParameters(db, id));
  expect(jobs).toHaveLength(7);
  const mixed = jobs.find((job) => job.kind === 'reconstruct')!;
  expect(mixed.request.targets).toEqual([{ sigmaRel: 0.08, name: 'a reconstruction' }]);
  const { config } = getRun(db, 1);
  expect(config).toMatchObject({ version: CONFIG_FORMAT, network: { switches: rungs.G.switches } });
  expect([config.training.sigmaRels, config.grid.sigmaRel]).toEqual([[0.05, 0.1], 0.1]);
});
