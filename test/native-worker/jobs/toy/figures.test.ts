import { expect, test } from 'vitest';
import { PointMeter } from '../../../../native-worker/jobs/toy/figures.ts';

const mixture = { phi: [1], mu: [0, 0], covariance: [0.04, 0, 0, 0.04] };

/** Points on circles that hold equal shares of the Gaussian, evenly turned: as regular as chance is not. */
function ideal(count: number): Float32Array {
  return Float32Array.from({ length: 2 * count }, (_, index) => {
    const n = index >> 1;
    const radius = 0.2 * Math.sqrt(-2 * Math.log(1 - (n + 0.5) / count));
    const angle = n * 2.399963; // golden angle
    return radius * (index % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
  });
}

const meter = new PointMeter(mixture, ideal(20_000));

test('true points are outliers in one of a hundred, and diverge by nothing but the prior', () => {
  const { outliers, logDensity, divergence } = meter.measure(ideal(20_000));
  expect(outliers).toBeCloseTo(0.01, 4);
  expect(logDensity).toBeCloseTo(-1 - Math.log(2 * Math.PI * 0.04), 2); // minus the entropy
  expect(divergence).toBeGreaterThan(0);
  expect(divergence).toBeLessThan(0.1);
});

test('points far away are all outliers and diverge', () => {
  const away = ideal(2000).map((coordinate) => coordinate + 1);
  const { outliers, divergence, isOutlier } = meter.measure(away);
  expect(outliers).toBeGreaterThan(0.99);
  expect(isOutlier.filter(Boolean)).toHaveLength(Math.round(outliers * 2000));
  expect(divergence).toBeGreaterThan(3);
});

test('points that crowd in the middle have no outliers but diverge', () => {
  const { outliers, divergence } = meter.measure(ideal(20_000).map((coordinate) => coordinate / 3));
  expect(outliers).toBe(0);
  expect(divergence).toBeGreaterThan(0.5);
});
