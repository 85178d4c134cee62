import { expect, test } from 'vitest';
import { BatchReader, type PictureBatch } from '../../../../native-worker/jobs/training/batch.ts';
import { pictureBatch } from '../../../support/picture-batch.ts';

/** A reader that notes what is read; the batch after 12 images can't be. */
function reader(): { batches: BatchReader; read: number[] } {
  const read: number[] = [];
  const batches = new BatchReader((nimg): PictureBatch => {
    read.push(nimg);
    if (nimg === 12) throw new Error('the file is gone');
    return pictureBatch([1, 1, 1, 3], 0, nimg);
  });
  return { batches, read };
}

test('a batch that was read ahead is taken as it is, and not read again', () => {
  const { batches, read } = reader();
  expect(batches.take(0)).toEqual(pictureBatch([1, 1, 1, 3], 0, 0));
  batches.readAhead(4);
  expect(read).toEqual([0, 4]);
  expect(batches.take(4)).toEqual(pictureBatch([1, 1, 1, 3], 0, 4));
  expect(read).toEqual([0, 4]);
});

test('another batch than the one that was read ahead is read itself', () => {
  const { batches, read } = reader();
  batches.readAhead(4);
  expect(batches.take(8)).toEqual(pictureBatch([1, 1, 1, 3], 0, 8));
  expect(read).toEqual([4, 8]);
});

test('what goes wrong while reading ahead is heard of when the batch is taken', () => {
  const { batches } = reader();
  batches.readAhead(12);
  expect(() => batches.take(12)).toThrow('the file is gone');
});
