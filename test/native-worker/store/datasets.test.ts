import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  getDataset,
  insertDataset,
  listDatasets,
  nextDatasetId,
  renameDataset,
  type NewDataset,
} from '../../../native-worker/store/datasets.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { picturesPath } from '../../../native-worker/store/paths.ts';
import { makeLibrary } from '../../support/training-library.ts';

let library: Library;
let remove: () => void;
let first: number;
beforeEach(async () => ({ library, remove, datasetId: first } = await makeLibrary()));
afterEach(() => remove());

function add(name: string): number {
  const id = nextDatasetId(library.db);
  const dataset: NewDataset = {
    ...getDataset(library.db, first),
    id,
    file: picturesPath(id),
    name,
    contentSha256: null,
    problems: [],
  };
  return insertDataset(library.db, dataset);
}
const names = (): string[] => listDatasets(library.db).map(({ name }) => name);

test('a name that is taken gets the first number that is free, within its length', () => {
  add('Birds');
  add('Birds');
  add('Birds');
  expect(names()).toEqual(['brightness', 'Birds', 'Birds (2)', 'Birds (3)']);
  const long = 'x'.repeat(100);
  add(long);
  add(long);
  expect(names().at(-1)).toBe(`${'x'.repeat(94)} (2)`);
  const emoji = `a${'😀'.repeat(49)}`;
  add(emoji);
  add(emoji);
  expect(names().at(-1)).toBe(`a${'😀'.repeat(46)} (2)`);
});

test('the name of a dataset whose file has gone is free again', () => {
  const lost = add('Birds');
  library.db.prepare('UPDATE datasets SET missing = 1 WHERE id = ?').run(lost);
  expect(getDataset(library.db, add('Birds')).name).toBe('Birds');
});

test('a dataset can not be given the name of another, but may keep its own', () => {
  const birds = add('Birds');
  expect(() => renameDataset(library.db, birds, 'brightness')).toThrow(expect.objectContaining({ code: 'conflict' }));
  renameDataset(library.db, birds, 'Birds');
  renameDataset(library.db, birds, 'Cats');
  expect(getDataset(library.db, birds).name).toBe('Cats');
});

test('names that look the same are one name; those that differ in capitals are two', () => {
  const composed = 'B\u00fccher';
  const decomposed = 'Bu\u0308cher';
  add(decomposed);
  add(composed);
  expect(names().slice(1)).toEqual([decomposed, `${composed} (2)`]);
  expect(() => renameDataset(library.db, first, composed)).toThrow(expect.objectContaining({ code: 'conflict' }));
  add('b\u00fccher');
  expect(names().at(-1)).toBe('b\u00fccher');
});
