import { expect, test } from 'vitest';
import { imagesAtOnce, microBatchProblem, possibleMicroBatches } from '../../contract/micro-batch.ts';

test('a batch can be cut into what divides it', () => {
  expect(possibleMicroBatches(12)).toEqual([12, 6, 4, 3, 2, 1]);
  expect(possibleMicroBatches(1)).toEqual([1]);
  expect(imagesAtOnce({ batchSize: 12, microBatch: null })).toBe(12);
  expect(imagesAtOnce({ batchSize: 12, microBatch: 4 })).toBe(4);
});

test.each([
  [2048, 48, 'the nearest that divide it are 32 and 64'],
  [128, 24, 'the nearest that divide it are 16 and 32'],
  [7, 3, 'the nearest that divide it are 1 and 7'],
  [32, 64, 'the nearest that divides it is 32'],
])('a batch of %i in micro-batches of %i is refused: %s', (batchSize, microBatch, nearest) => {
  expect(microBatchProblem({ batchSize, microBatch })).toBe(
    `batch size ${batchSize} is not a multiple of micro-batch ${microBatch}; ${nearest}`,
  );
});

test.each([null, 1, 2, 64, 128])('a batch of 128 in micro-batches of %s is fine', (microBatch) => {
  expect(microBatchProblem({ batchSize: 128, microBatch })).toBeNull();
});
