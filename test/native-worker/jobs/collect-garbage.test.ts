import { expect, test } from 'vitest';
import { collectGarbage } from '../../../native-worker/jobs/collect-garbage.ts';

test('numbers that nobody holds any more are gone at once', async () => {
  collectGarbage();
  const before = process.memoryUsage().arrayBuffers;
  let numbers: Float32Array | null = new Float32Array(16e6);
  expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThanOrEqual(numbers.byteLength);
  numbers = null;
  await new Promise((resolve) => setImmediate(resolve)); // the stack may hold it until then
  collectGarbage();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16e6);
});
