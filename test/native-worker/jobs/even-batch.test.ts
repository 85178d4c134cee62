import { expect, test } from 'vitest';
import { evenBatch } from '../../../native-worker/jobs/even-batch.ts';

test.each([
  [36, 32, 18],
  [72, 32, 24],
  [8, 32, 8],
  [64, 32, 32],
  [33, 32, 17],
  [5, 1, 1],
])('%i pictures, at most %i at once, are drawn %i at once', (pictures, largest, batch) => {
  expect(evenBatch(pictures, largest)).toBe(batch);
});

test('no batch is above the limit, and none more are needed than with the largest batch', () => {
  for (let pictures = 1; pictures <= 200; pictures += 1) {
    for (const largest of [1, 7, 32]) {
      const batch = evenBatch(pictures, largest);
      expect(batch).toBeLessThanOrEqual(largest);
      expect(Math.ceil(pictures / batch)).toBe(Math.ceil(pictures / largest));
    }
  }
});
