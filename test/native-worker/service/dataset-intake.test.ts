import fs from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataset } from '../../../native-worker/data/dataset-file.ts';
import { importFolder } from '../../../native-worker/data/import.ts';
import { addDemoSet, takeInDataset } from '../../../native-worker/service/dataset-intake.ts';
import { Events } from '../../../native-worker/service/events.ts';
import { datasetPath, deleteDatasetRow, getDataset, listDatasets } from '../../../native-worker/store/datasets.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { getRun } from '../../../native-worker/store/runs.ts';
import { sweep } from '../../../native-worker/store/sweep.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

let library: Library;
let remove: () => void;
let folder = '';
beforeEach(async () => {
  ({ library, remove } = await makeLibrary());
  folder = path.join(library.folder, '..', `${path.basename(library.folder)}-pictures`);
  for (const [name, grey] of [
    ['cats', 10],
    ['dogs', 200],
  ] as const) {
    fs.mkdirSync(path.join(folder, name), { recursive: true });
    const image = sharp({ create: { width: 12, height: 9, channels: 3, background: { r: grey, g: 0, b: grey } } });
    for (let i = 0; i < 3; i++) await image.png().toFile(path.join(folder, name, `${i}.png`));
  }
});
afterEach(() => {
  remove();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** Imports the folder as the job and the service do. */
async function take(name: string, resolution: 8 | 16 = 8): Promise<number> {
  const target = path.join(library.folder, 'files/tmp/packed.safetensors');
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const silent = (): void => undefined;
  await importFolder({ folder, target, options: { name, resolution }, report: silent, cancelled: () => false });
  return takeInDataset(library, target, []);
}

const lose = (id: number): void => fs.rmSync(path.dirname(datasetPath(library, id)), { recursive: true });

test('pictures that were lost and are imported again take their place, whatever they are called, and runs go on', async () => {
  const id = await take('Pets');
  const runId = makeRun(library, id, tinyConfig());
  lose(id);
  expect(() => datasetPath(library, id)).toThrow(
    'The pictures of dataset "Pets" are no longer in the library; import them again at 8×8,',
  );
  sweep(library); // as the next start does
  expect(() => datasetPath(library, id)).toThrow('import them again');
  expect(await take('Cats and dogs')).toBe(id);
  const restored = getDataset(library.db, id);
  expect(restored).toMatchObject({ name: 'Cats and dogs', count: 6, classes: ['cats', 'dogs'] });
  expect(listDatasets(library.db)).toContainEqual(restored);
  openDataset(datasetPath(library, id), restored.sha256).close(); // as training does: every byte is compared
  expect(getRun(library.db, runId)).toMatchObject({ datasetId: id, datasetName: 'Cats and dogs' });
});

test('they are known by their file, too, where an earlier version took them in', async () => {
  const id = await take('Pets');
  library.db.prepare('UPDATE datasets SET content_sha256 = NULL').run();
  lose(id);
  expect(await take('Pets')).toBe(id);
  expect(getDataset(library.db, id).name).toBe('Pets'); // its own name is free to it
});

test('other pictures, another size, other names of classes, and pictures that are still there are a new dataset', async () => {
  const id = await take('Pets');
  expect(await take('Pets')).not.toBe(id);
  lose(id);
  expect(await take('Pets', 16)).not.toBe(id);
  fs.renameSync(path.join(folder, 'dogs'), path.join(folder, 'wolves'));
  expect(await take('Pets')).not.toBe(id);
  fs.renameSync(path.join(folder, 'wolves'), path.join(folder, 'dogs'));
  fs.rmSync(path.join(folder, 'dogs/0.png'));
  expect(await take('Pets')).not.toBe(id);
  expect(() => datasetPath(library, id)).toThrow('import them again');
});

test('the pictures that ship with the app come again where their file was lost, and not where they were deleted', async () => {
  await addDemoSet(library, new Events());
  const demo = listDatasets(library.db).at(-1)!;
  library.db.prepare('UPDATE datasets SET name = ? WHERE id = ?').run('my emoji', demo.id);
  lose(demo.id);
  await addDemoSet(library, new Events());
  openDataset(datasetPath(library, demo.id), demo.sha256).close();
  expect(listDatasets(library.db).at(-1)!).toMatchObject({ id: demo.id, name: 'my emoji' });
  deleteDatasetRow(library.db, demo.id);
  await addDemoSet(library, new Events());
  expect(listDatasets(library.db).map(({ name }) => name)).toEqual(['brightness']);
});
