import { expect, test } from 'vitest';
import { presets } from '../../contract/presets.ts';
import { heldOutCount, validationCost, validationRows } from '../../contract/validation.ts';

test.each([
  [0, 0],
  [9, 0],
  [10, 1],
  [639, 63],
  [640, 64],
  [3781, 64],
  [6450, 65],
  [100_000, 1000],
  [1_281_167, 2048],
])('of %i pictures %i are held out', (count, held) => {
  expect(heldOutCount(count)).toBe(held);
});

test('validation costs what it evaluates, a third of a step each', () => {
  // 2 · 64 pictures for the raw network and two averages: 384 evaluations, as long as 128 images of training.
  expect(validationCost(3781, 2, 4096)).toBeCloseTo(128 / 4096, 12);
  expect(validationCost(3781, 2, 0)).toBe(0);
});

test.each(presets.map(({ name, config }) => [name, config] as const))(
  'the preset %s validates, for at most 5 %% of its time',
  (name, { training, logging }) => {
    const pictures = name === 'demo' ? 3781 : 10_000_000; // of its dataset, or of the largest that there may be
    const cost = validationCost(pictures, training.sigmaRels.length, logging.validationImages);
    expect(cost).toBeGreaterThan(0);
    expect(cost).toBeLessThan(0.05);
  },
);

test('each network is named on both kinds of pictures', () => {
  expect(validationRows([0.05, 0.1]).map(({ name }) => name)).toEqual([
    'raw: held out',
    'σ_rel 0.05: held out',
    'σ_rel 0.1: held out',
    'raw: trained on',
    'σ_rel 0.05: trained on',
    'σ_rel 0.1: trained on',
  ]);
});
