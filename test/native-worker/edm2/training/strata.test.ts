import { expect, test } from 'vitest';
import { normalQuantile, stratifiedSigmas } from '../../../../native-worker/edm2/training/strata.ts';

test.each([
  // Values of tables of the normal distribution.
  [0.5, 0],
  [0.975, 1.959963984540054],
  [0.025, -1.959963984540054],
  [0.84134474606854293, 1],
  [0.99, 2.3263478740408408],
  [0.0001, -3.719016485455709],
  [0.999999, 4.753424308822899],
])('the quantile of %f is %f', (probability, quantile) => {
  expect(normalQuantile(probability)).toBeCloseTo(quantile, 10);
});

test('strata have the mean and the spread of the density, in rising order', () => {
  const logs = [...stratifiedSigmas(4000, { pMean: -0.8, pStd: 1.6 })].map(Math.log);
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  const variance = logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / logs.length;
  expect(mean).toBeCloseTo(-0.8, 5);
  expect(Math.sqrt(variance)).toBeCloseTo(1.6, 2); // the outermost strata stand for more than their middles
  expect(logs).toEqual([...logs].sort((a, b) => a - b));
});

test('a single one is in the middle', () => {
  expect(stratifiedSigmas(1, { pMean: -0.4, pStd: 1 })[0]).toBeCloseTo(Math.exp(-0.4), 6);
});
