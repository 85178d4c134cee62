import { afterEach, beforeEach, expect, test } from 'vitest';
import { validationRows } from '../../../contract/validation.ts';
import { insertDynamics } from '../../../native-worker/store/dynamics.ts';
import type { Library } from '../../../native-worker/store/library.ts';
import { getRunSummary } from '../../../native-worker/store/runs.ts';
import { makeLibrary, makeRun, tinyConfig } from '../../support/training-library.ts';

/** What lists show with a run. */

let library: Library;
let runId: number;
let remove: () => void;
beforeEach(async () => {
  const made = await makeLibrary();
  ({ library, remove } = made);
  runId = makeRun(library, made.datasetId, tinyConfig({ sigmaRels: [0.05, 0.1] }));
});
afterEach(() => remove());

/** Errors of the raw network and of σ_rel 0.05 and 0.1, on what is held out and on what is trained on. */
function validate(nimg: number, errors: readonly number[]): void {
  const names = validationRows([0.05, 0.1]).map(({ name }) => name);
  insertDynamics(library.db, runId, 'validation', nimg, names, Float32Array.from(errors));
}

test('the validation error of a run is the newest of the average that draws, on pictures that are held out', () => {
  const error = (): number | null => getRunSummary(library.db, runId).validationError;
  expect(error()).toBeNull();
  validate(16, [0.9, 0.8, 0.75, 0.1, 0.1, 0.1]);
  expect(error()).toBe(0.75); // the grid draws with 0.1
  validate(32, [0.9, 0.8, 0.5, 0.1, 0.1, 0.1]);
  expect(error()).toBe(0.5);
  library.db.exec('UPDATE dynamics SET rewound = 1 WHERE nimg = 32');
  expect(error()).toBe(0.75);
  validate(48, [0.9, 0.8, NaN, 0.1, 0.1, 0.1]);
  expect(error()).toBeNull();
});
