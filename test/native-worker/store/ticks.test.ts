import { afterEach, beforeEach, expect, test } from 'vitest';
import { Measured } from '../../../contract/common.ts';
import { ofEachScalar, tickScalars } from '../../../contract/ticks.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { insertTick, readTicks } from '../../../native-worker/store/ticks.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';
import { exampleTick } from '../../support/ticks.ts';

let library: Library;
let datasetId: number;
let remove: () => void;
beforeEach(async () => {
  ({ library, datasetId, remove } = await makeLibrary());
});
afterEach(() => remove());

test('the table of scalars names every column of a tick, and says which may have no value', () => {
  const columns = library.db.pragma('table_info(ticks)') as { name: string; notnull: number }[];
  const keys = new Set(['run_id', 'rewound']);
  const stored = columns.filter(({ name }) => !keys.has(name)).map(({ name, notnull }) => [name, notnull === 0]);
  const named = Object.values(tickScalars).map(({ column, schema }) => [column, (schema as unknown) === Measured]);
  expect(named.sort()).toEqual(stored.sort());
});

test('each scalar comes back under its own name', () => {
  const runId = makeRun(library, datasetId, tinyConfig());
  const names = Object.keys(tickScalars);
  const tick = exampleTick(
    0,
    ofEachScalar((_scalar, name) => 1 + names.indexOf(name)),
  );
  insertTick(library.db, runId, tick);
  const columns = readTicks(library.db, runId, { afterNimg: -1, maxPoints: 10 });
  expect(columns).toEqual(ofEachScalar((_scalar, name) => [1 + names.indexOf(name)]));
});
