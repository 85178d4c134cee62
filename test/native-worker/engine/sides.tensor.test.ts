import { expect, test } from 'vitest';
import { sidesFor, wholeBatch } from '../../../native-worker/engine/sides.ts';

test.each([
  ['2', 16, { count: 2, threads: 1 }],
  ['8', 16, { count: 2, threads: 4 }],
  ['5', 16, { count: 2, threads: 3 }],
  ['2', 15, wholeBatch], // no halves
  ['2', 1, wholeBatch],
  ['1', 16, wholeBatch], // nothing runs side by side
])('with %s threads a batch of %i goes through a processor as %o', (threads, pictures, expected) => {
  expect(sidesFor(pictures, { TF_NUM_INTRAOP_THREADS: threads })).toEqual(expected);
});
