import { expect, test } from 'vitest';
import { sheetDetails } from '../../../../renderer/pages/generate/details.ts';
import { exampleSample } from '../../support/examples.ts';

const name = (id: number): string => `run ${id}`;

test('a sheet drawn as usual has no details', () => {
  expect(sheetDetails(exampleSample(), name)).toEqual([]);
});

test('guide, fresh noise and precision are said', () => {
  const sample = exampleSample({
    guidance: { guide: { kind: 'snapshot', snapshotId: 9 }, strength: 2.1, runId: 4, nimg: 4096, sigmaRel: 0.07 },
    precision: 'bf16',
  });
  const churn = { amount: 40, min: 0.05, max: 50, noise: 1.003 };
  expect(sheetDetails({ ...sample, sampler: { ...sample.sampler, churn } }, name)).toEqual([
    'Guided, w 2.1, by run 4 at 4.10 kimg, σ_rel 0.07',
    'S_churn 40 from σ 0.05 to σ 50, S_noise 1.003',
    'bf16',
  ]);
});

test('limits that limit nothing are left out', () => {
  const { sampler, ...sample } = exampleSample();
  const churn = { amount: 10, min: 0, max: 1e9, noise: 1 };
  expect(sheetDetails({ ...sample, sampler: { ...sampler, churn } }, name)).toEqual(['S_churn 10']);
});
