import { expect, test } from 'vitest';
import { AppError } from '../../contract/errors.ts';
import { recipesAt, reconstructionTimes, type RecipeSource } from '../../contract/recipe.ts';

const LENGTHS = [0.05, 0.1];

/** A run with snapshots of two lengths at each of the times; ids count from 1. */
function source(times: readonly number[], averaging: RecipeSource['averaging'] = 'power'): RecipeSource {
  const snapshots = times.flatMap((nimg, t) => LENGTHS.map((sigmaRel, s) => ({ id: 1 + 2 * t + s, nimg, sigmaRel })));
  return { name: 'birds', averaging, snapshots };
}

test('a recipe is of the newest snapshot unless told otherwise, and its coefficients add up to 1', () => {
  const recipe = recipesAt(source([100, 200, 300]), null)(0.15);
  expect(recipe).toMatchObject({ nimg: 300, sigmaRel: 0.15 });
  expect(recipe.terms.map(({ snapshotId }) => snapshotId)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(recipe.terms.reduce((sum, { coefficient }) => sum + coefficient, 0)).toBeCloseTo(1, 12);
  expect(recipe.error).toBeGreaterThan(0);
});

test('later snapshots are left out, and do not change what an earlier moment gives', () => {
  const before = recipesAt(source([100, 200]), 200)(0.07);
  expect(recipesAt(source([100, 200, 300, 400]), 200)(0.07)).toEqual(before);
});

test.each(LENGTHS)('the stored length %f is its snapshot itself, exactly', (sigmaRel) => {
  const id = 3 + LENGTHS.indexOf(sigmaRel);
  const recipe = recipesAt(source([100, 200, 300]), 200)(sigmaRel + 1e-12);
  expect(recipe.error).toBe(0);
  expect(recipe.terms).toEqual([{ snapshotId: id, nimg: 200, sigmaRel, coefficient: 1 }]);
});

test('terms that would change nothing are left out: a short average does not read the beginning of a long run', () => {
  const times = Array.from({ length: 64 }, (_, index) => index + 1);
  const recipe = recipesAt(source(times), null)(0.03);
  expect(recipe.terms.length).toBeLessThan(100);
  expect(recipe.terms.every(({ coefficient }) => Math.abs(coefficient) >= 2 ** -40)).toBe(true);
  expect(recipe.terms.reduce((sum, { coefficient }) => sum + coefficient, 0)).toBeCloseTo(1, 9);
});

test('a snapshot from before the first step is no average', () => {
  const { snapshots, ...run } = source([100]);
  const all = [{ id: 9, nimg: 0, sigmaRel: 0.1 }, ...snapshots];
  expect(reconstructionTimes(all)).toEqual([100]);
  expect(recipesAt({ ...run, snapshots: all }, null)(0.15).terms.map(({ snapshotId }) => snapshotId)).toEqual([1, 2]);
});

test.each<[string, RecipeSource, number | null, number, string, RegExp]>([
  ['no snapshot', source([]), null, 0.1, 'not-found', /"birds" has no snapshot yet/],
  ['a time between two snapshots', source([100, 200]), 170, 0.1, 'not-found', /no snapshot at 170.*nearest is at 200/],
  ['a time before the first', source([100, 200]), 20, 0.1, 'not-found', /nearest is at 100/],
  ['a time after the last', source([100, 200]), 300, 0.1, 'not-found', /last one is at 200.*later can't be/],
  ['an exponential average', source([100], 'exponential'), null, 0.1, 'conflict', /configuration A/],
  ['a length that is too long', source([100]), null, 0.29, 'invalid-input', /0.29 does not exist/],
  ['a length of 0', source([100]), null, 0, 'invalid-input', /does not exist/],
  ['no number', source([100]), null, NaN, 'invalid-input', /does not exist/],
])('%s is refused with a sentence', (_what, run, nimg, sigmaRel, code, sentence) => {
  let thrown: unknown;
  try {
    recipesAt(run, nimg)(sigmaRel);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(AppError);
  expect((thrown as AppError).code).toBe(code);
  expect((thrown as AppError).message).toMatch(sentence);
});
