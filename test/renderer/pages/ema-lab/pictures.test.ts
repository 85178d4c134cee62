import { expect, test } from 'vitest';
import { GenerateRequest } from '../../../../contract/samples.ts';
import { keyOf, keyOfSample, labelsOf, requestOf } from '../../../../renderer/pages/ema-lab/pictures.ts';
import { exampleSample } from '../../support/examples.ts';

const sampler = { steps: 18, sigmaMin: 0.002, sigmaMax: 80, rho: 7 };
const choice = { count: 16, firstSeed: 5, label: null, sampler };
const recipe = { kind: 'recipe', runId: 7, nimg: 4096, sigmaRel: 0.15 } as const;

test('classes come in turn, evenly spread where there are more of them than pictures, or one for all', () => {
  expect(labelsOf(5, 2, null)).toEqual([0, 1, 0, 1, 0]);
  expect(labelsOf(4, 1000, null)).toEqual([0, 250, 500, 750]);
  expect(labelsOf(3, 10, 7)).toEqual([7, 7, 7]);
  expect(labelsOf(3, 0, null)).toEqual([null, null, null]);
});

test('a class that the network does not know becomes its last one', () => {
  expect(labelsOf(2, 3, 9)).toEqual([2, 2]);
});

test('a request has one seed a picture, in a square, and the contract accepts it', () => {
  const request = requestOf(recipe, choice, 3);
  expect(request.seeds).toEqual(Array.from({ length: 16 }, (_, index) => 5 + index));
  expect(request.columns).toBe(4);
  expect(GenerateRequest.safeParse(request).success).toBe(true);
});

test('the sheet of a request has the request’s key, whatever its columns and the time it took', () => {
  const request = requestOf(recipe, choice, 2);
  const sample = exampleSample({ ...request, columns: 8, seconds: 99, nimg: 4096, sigmaRel: 0.15, snapshotId: null });
  expect(keyOfSample(sample)).toBe(keyOf(request));
});

test.each([
  ['another length', { ...requestOf({ ...recipe, sigmaRel: 0.16 }, choice, 2) }],
  ['another moment', { ...requestOf({ ...recipe, nimg: 8192 }, choice, 2) }],
  ['a stored average', { ...requestOf({ kind: 'snapshot', snapshotId: 3 }, choice, 2) }],
  ['a kept average', { ...requestOf({ kind: 'reconstruction', reconstructionId: 3 }, choice, 2) }],
  ['other seeds', { ...requestOf(recipe, { ...choice, firstSeed: 0 }, 2) }],
  ['another class', { ...requestOf(recipe, { ...choice, label: 1 }, 2) }],
  ['more steps', { ...requestOf(recipe, { ...choice, sampler: { ...sampler, steps: 32 } }, 2) }],
  [
    'churn',
    { ...requestOf(recipe, { ...choice, sampler: { ...sampler, churn: { amount: 5, min: 0, max: 1, noise: 1 } } }, 2) },
  ],
])('%s is another key', (_, request) => {
  expect(keyOf(request)).not.toBe(keyOf(requestOf(recipe, choice, 2)));
});

test.each([
  ['the run drew while it trained', { model: null }],
  [
    'was guided',
    { guidance: { guide: { kind: 'snapshot', snapshotId: 3 }, runId: 7, nimg: 4096, sigmaRel: 0.1, strength: 2 } },
  ],
  ['was drawn with less precision', { precision: 'bf16' }],
] as const)('a sheet that %s has no key', (_, part) => {
  expect(keyOfSample(exampleSample(part))).toBeNull();
});
