import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchIndices } from '../../../native-worker/data/batches.ts';

const count = fc.integer({ min: 1, max: 300 });
const seed = fc.nat(2 ** 31 - 1);

/** The first `length` pictures of the sequence, read at once. */
function sequence(count: number, seed: number, length: number): number[] {
  return [...batchIndices({ count, seed, nimg: 0, batchSize: length })];
}

describe('the sequence of pictures', () => {
  test('has every picture once an epoch', () => {
    fc.assert(
      fc.property(count, seed, fc.nat(2 ** 20), (count, seed, epoch) => {
        const indices = batchIndices({ count, seed, nimg: epoch * count, batchSize: count });
        expect([...indices].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
  });

  test('is the same however it is cut into batches, in whatever order they are asked for', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(count, seed, cuts, fc.boolean(), (count, seed, sizes, backwards) => {
        let nimg = 0;
        const requests = sizes.map((batchSize) => {
          const request = { count, seed, nimg, batchSize };
          nimg += batchSize;
          return request;
        });
        const whole = sequence(count, seed, nimg);
        for (const request of backwards ? requests.reverse() : requests) {
          expect([...batchIndices(request)]).toEqual(whole.slice(request.nimg, request.nimg + request.batchSize));
        }
      }),
    );
  });

  test('is another one for another seed and another epoch', () => {
    const epochs = Array.from({ length: 40 }, (_, epoch) =>
      batchIndices({ count: 20, seed: 7, nimg: epoch * 20, batchSize: 20 }).join(' '),
    );
    const seeds = Array.from({ length: 40 }, (_, seed) => sequence(20, seed, 20).join(' '));
    expect(new Set([...epochs, ...seeds.filter((_, seed) => seed !== 7)]).size).toBe(79);
  });

  test('puts every picture in every place equally often', () => {
    const size = 6;
    const epochs = 6000;
    const counts = new Float64Array(size * size);
    for (let epoch = 0; epoch < epochs; epoch++) {
      batchIndices({ count: size, seed: 1, nimg: epoch * size, batchSize: size }).forEach((index, place) => {
        counts[place * size + index]! += 1;
      });
    }
    const expected = epochs / size;
    const chiSquare = counts.reduce((sum, n) => sum + (n - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(53); // 25 degrees of freedom: a fair shuffle passes 999 times in 1000
  });

  test('makes each of the 24 orders of four pictures equally often', () => {
    const epochs = 12_000;
    const orders = new Map<string, number>();
    for (let epoch = 0; epoch < epochs; epoch++) {
      const order = batchIndices({ count: 4, seed: 3, nimg: epoch * 4, batchSize: 4 }).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    const chiSquare = [...orders.values()].reduce((sum, n) => sum + (n - epochs / 24) ** 2 / (epochs / 24), 0);
    expect(chiSquare).toBeLessThan(50); // 23 degrees of freedom, 999 in 1000
  });

  test('never changes: runs that were begun go on with it', () => {
    expect(sequence(10, 0, 20)).toEqual([6, 0, 7, 3, 9, 1, 2, 5, 8, 4, 0, 8, 6, 5, 3, 4, 1, 9, 7, 2]);
    expect([...batchIndices({ count: 3781, seed: 2 ** 31 - 1, nimg: 123_456_789, batchSize: 4 })]).toEqual([
      3735, 3166, 861, 2930,
    ]);
  });

  test('reaches over as many epochs as a batch is long', () => {
    expect(sequence(1, 5, 4)).toEqual([0, 0, 0, 0]);
    const long = sequence(3, 5, 12);
    for (let epoch = 0; epoch < 4; epoch++) expect(new Set(long.slice(epoch * 3, epoch * 3 + 3)).size).toBe(3);
  });
});
