import { expect, test } from 'vitest';
import { seedFor } from '../../../../native-worker/edm2/tensors/random.ts';

test('the same arguments give the same seed, on every machine', () => {
  // Resuming must draw what an earlier release drew: these numbers are part of the checkpoint format.
  expect(seedFor(0, 'noise', 0)).toEqual([-1609494040, 1567656900]);
  expect(seedFor(7, 'sigma', 2 ** 33 + 5)).toEqual([273489637, 643683022]);
});

test('seed, purpose and image count each change both halves', () => {
  const seeds = [
    seedFor(0, 'noise', 0),
    seedFor(1, 'noise', 0),
    seedFor(0, 'sigma', 0),
    seedFor(0, 'noise', 32),
    seedFor(0, 'noise', 2 ** 32), // beyond 32 bits
    seedFor(32, 'noise', 0),
  ];
  for (const half of [0, 1] as const) expect(new Set(seeds.map((seed) => seed[half])).size).toBe(seeds.length);
});

test('100,000 steps draw from 100,000 different seeds of 32-bit integers', () => {
  const seen = new Set<string>();
  for (let step = 0; step < 100_000; step++) {
    const seed = seedFor(0, 'noise', 32 * step);
    for (const half of seed) expect(half | 0).toBe(half);
    seen.add(seed.join());
  }
  expect(seen.size).toBe(100_000);
});
