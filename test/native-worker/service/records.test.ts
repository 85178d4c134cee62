import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { renameDataset } from '../../../contract/datasets.ts';
import { DatasetRecord, RunRecord } from '../../../contract/records.ts';
import { deleteReconstruction, listReconstructions, renameReconstruction } from '../../../contract/reconstructions.ts';
import { createRun, deleteRun, editRun, getRun, trashRun } from '../../../contract/runs.ts';
import { openClient, type ServiceClient } from '../../../native-worker/client/service-client.ts';
import { startService, type RunningService } from '../../../native-worker/service/service.ts';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { writeRunRecord } from '../../../native-worker/store/records.ts';
import { filesBelow } from '../../../native-worker/store/set-aside.ts';
import { unpackOldLibrary } from '../../support/old-library.ts';
import { fakeEnvironment, fakeJob, until } from '../../support/service-library.ts';
import { tinyConfig } from '../../support/training-library.ts';

/** What is written beside the files of a library that an older version made, and of what is made since. */

let folder: string;
let remove: () => void;
let service: RunningService;
let client: ServiceClient;
beforeEach(async () => {
  ({ folder, remove } = unpackOldLibrary());
  await open();
});
afterEach(async () => {
  await close();
  remove();
});

async function open(): Promise<void> {
  const options = { idleMs: null, jobScript: fakeJob, environment: fakeEnvironment, demoSet: false, recordsAfterMs: 0 };
  service = (await startService({ library: folder, ...options }))!;
  client = await openClient(service.socket);
}

async function close(): Promise<void> {
  client.close();
  await service.stop();
}

const read = (path: string): unknown => JSON.parse(readFileSync(join(folder, path), 'utf8'));
const runRecord = (id: number): RunRecord => RunRecord.parse(read(`files/runs/${id}/run.json`));
const datasetRecord = (id: number): DatasetRecord => DatasetRecord.parse(read(`files/datasets/${id}/dataset.json`));
const ready = (): Promise<boolean> => until(() => existsSync(join(folder, 'files/datasets/2/dataset.json')));

test('an older library gets a record for every run and dataset, which lists the files that say nothing themselves', async () => {
  await ready();
  expect(runRecord(1)).toMatchObject({
    name: 'first',
    notes: 'Notes of the first run.\nTwo lines.',
    tags: ['tiny', 'kept'],
    state: 'finished',
    nimg: 96,
    dataset: { id: 2, name: 'Colours', sha256: datasetRecord(2).sha256 },
    parent: null,
    reconstructions: [{ name: 'a reconstruction', sigmaRel: 0.08, nimg: 96 }],
    rewinds: 0,
  });
  expect(runRecord(2).trashedAt).toBeGreaterThan(0);
  expect(runRecord(3)).toMatchObject({ state: 'stopped', rewinds: 1, resumes: [{ nimg: 1024 }] });
  expect(runRecord(3).undone).toEqual(['files/runs/3/samples/000000001152-grid.png']);
  expect(datasetRecord(2)).toMatchObject({ name: 'Colours', count: 12, problems: [{ file: 'red/broken.png' }] });
  const config = (await client.call(getRun, { id: 1 })).config;
  expect(runRecord(1).config).toEqual(config);
  const listed = [1, 2, 3].flatMap((id) => {
    const { earlier, reconstructions } = runRecord(id);
    return [...earlier.snapshots, ...earlier.checkpoints, ...earlier.samples, ...reconstructions].map(
      ({ file }) => file,
    );
  });
  const files = filesBelow(folder, 'files/runs').map(({ file }) => file);
  expect(listed.toSorted()).toEqual(files.filter((file) => !file.endsWith('run.json')).toSorted());
});

test('a record follows every change of its run, and is deleted with it', async () => {
  await ready();
  const input = { name: 'works', datasetId: 2, config: tinyConfig(), notes: 'before', tags: [] };
  const { runId } = await client.call(createRun, input);
  expect(runRecord(runId)).toMatchObject({ name: 'works', notes: 'before' });
  await client.call(editRun, { id: runId, notes: 'after', tags: ['new'] });
  expect(runRecord(runId)).toMatchObject({ notes: 'after', tags: ['new'] });
  await until(async () => !['queued', 'running'].includes((await client.call(getRun, { id: runId })).state));
  expect(runRecord(runId).state).toBe((await client.call(getRun, { id: runId })).state);
  await client.call(trashRun, { id: 1 });
  expect(runRecord(1).trashedAt).toBeGreaterThan(0);
  await client.call(renameDataset, { id: 2, name: 'Other colours' });
  expect(datasetRecord(2).name).toBe('Other colours');
  const [kept] = await client.call(listReconstructions, { runId: 1 });
  await client.call(renameReconstruction, { id: kept!.id, name: 'better' });
  expect(runRecord(1).reconstructions).toMatchObject([{ name: 'better' }]);
  await client.call(deleteReconstruction, { id: kept!.id });
  expect(runRecord(1).reconstructions).toEqual([]);
  await client.call(deleteRun, { id: 2 });
  expect(existsSync(join(folder, 'files/runs/2'))).toBe(false);
});

test('records that are missing, behind or damaged are written again at the next start, and no other file is touched', async () => {
  await ready();
  const files = filesBelow(folder, 'files').map(({ file }) => file);
  const good = runRecord(1);
  await close();
  rmSync(join(folder, 'files/datasets/2/dataset.json'));
  rmSync(join(folder, 'files/runs/1/run.json'));
  writeFileSync(join(folder, 'files/runs/2/run.json'), '{"half');
  writeFileSync(join(folder, 'files/runs/3/run.json'), JSON.stringify({ ...runRecord(3), name: 'behind' }));
  await open();
  await ready();
  expect(runRecord(1)).toEqual(good);
  expect([runRecord(2).name, runRecord(3).name]).toEqual(['in the trash', 'rewound']);
  expect(filesBelow(folder, 'files').map(({ file }) => file)).toEqual(files);
  expect(existsSync(join(folder, 'set-aside'))).toBe(false);
});

test('a record that says all already is not written again', async () => {
  await ready();
  const library = openLibrary(folder);
  const path = join(folder, 'files/runs/1/run.json');
  const { ino } = statSync(path);
  writeRunRecord(library, 1);
  library.close();
  expect(statSync(path).ino).toBe(ino);
});
