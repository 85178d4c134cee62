import { expect, test } from 'vitest';
import { SIGMA_BINS, sigmaBin, sigmaBinNames, sigmaOfBin } from '../../../../contract/noise-levels.ts';
import { byNoiseLevel } from '../../../../native-worker/jobs/training/noise-levels.ts';

test('24 bins are equally wide in ln σ from 0.002 to 80, and the last ones take what lies outside', () => {
  expect(SIGMA_BINS).toBe(24);
  const width = Math.log(80 / 0.002) / 24;
  for (let bin = 0; bin < 24; bin += 1) {
    const edge = 0.002 * Math.exp(bin * width);
    expect(sigmaBin(edge * 1.0001)).toBe(bin);
    expect(sigmaBin(edge * Math.exp(width) * 0.9999)).toBe(bin);
    expect(sigmaOfBin(bin)).toBeCloseTo(edge * Math.exp(width / 2), 10);
  }
  expect([0, 1e-9, 0.001].map(sigmaBin)).toEqual([0, 0, 0]);
  expect([81, 1e9, Infinity].map(sigmaBin)).toEqual([23, 23, 23]);
  expect(new Set(sigmaBinNames).size).toBe(24);
  expect([sigmaBinNames[0], sigmaBinNames.at(-1)]).toEqual(['0.00249', '64.2']);
});

test('each bin has the means of its own pictures', () => {
  const images = {
    sigma: [0.5, 0.5, 1e-6, 1000, NaN],
    loss: [1, 3, 0.5, -2, 7],
    error: [4, 16, 1, 9, NaN],
    u: [0, Math.LN2, -1, 2, NaN],
  };
  const rows = byNoiseLevel(images, 25);
  const half = sigmaBin(0.5);
  const at = (bin: number) => Object.fromEntries(Object.entries(rows).map(([kind, row]) => [kind, row[bin]]));
  expect(at(half)).toEqual({
    'noise-count': 2,
    'noise-loss': 2,
    'noise-error': 10,
    'noise-u': Math.fround(Math.LN2 / 2),
    'noise-gradient': 20, // of 2·√(25·4) = 20 and 2/2·√(25·16) = 20
  });
  expect(at(0)).toMatchObject({ 'noise-count': 1, 'noise-loss': 0.5 });
  expect(at(23)).toMatchObject({ 'noise-count': 1, 'noise-loss': -2 });
  expect(rows['noise-count'].reduce((sum, count) => sum + count)).toBe(4); // one was told of by its loss only
  expect(rows['noise-loss'][5]).toBeNaN();
});
