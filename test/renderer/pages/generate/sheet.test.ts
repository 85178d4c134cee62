import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readList, writeList } from '../../../../renderer/pages/generate/seeds.ts';
import { layOut, squarish } from '../../../../renderer/pages/generate/sheet.ts';

test.each([
  ['0-3, 100', [0, 1, 2, 3, 100]],
  ['5 7;9', [5, 7, 9]],
  ['2..4', [2, 3, 4]],
  ['1 – 3', [1, 2, 3]],
  ['7, 7', [7, 7]],
])('“%s” is %j', (text, numbers) => {
  expect(readList(text)).toEqual({ numbers });
});

test.each([
  ['', 'Give at least one seed.'],
  ['a', '“a” is neither a seed nor a range like 0-63.'],
  ['-5', '“-5” is neither a seed nor a range like 0-63.'],
  ['1.5', '“1.5” is neither a seed nor a range like 0-63.'],
  ['9-3', 'The range 9-3 runs backwards; write 3-9.'],
  ['2147483648', '2147483648 is too large: a seed is at most 2147483647.'],
  ['0-1024', 'These are more than 1024 seeds, the most a sheet can hold.'],
  ['0-99999999999999999999', '100000000000000000000 is too large: a seed is at most 2147483647.'],
])('“%s” is refused: %s', (text, problem) => {
  expect(readList(text)).toEqual({ problem });
});

test('whatever seeds are written, reading them gives them back', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2 ** 31 - 1), { minLength: 1, maxLength: 50 }), (seeds) => {
      expect(readList(writeList(seeds))).toEqual({ numbers: seeds });
    }),
  );
});

test('rows of classes repeat the seeds in every row', () => {
  expect(layOut([4, 5], { kind: 'rows', labels: [0, 3] }, null)).toEqual({
    seeds: [4, 5, 4, 5],
    labels: [0, 0, 3, 3],
    columns: 2,
  });
});

test('one class, or none, keeps the wanted columns', () => {
  expect(layOut([1, 2, 3], { kind: 'one', label: 2 }, 3)).toEqual({ seeds: [1, 2, 3], labels: [2, 2, 2], columns: 3 });
  expect(layOut([1, 2, 3], null, 1)).toEqual({ seeds: [1, 2, 3], labels: [null, null, null], columns: 1 });
});

test('a sheet that would be larger than the contract allows is refused in words', () => {
  const seeds = Array.from({ length: 64 }, (_, i) => i);
  const labels = Array.from({ length: 17 }, (_, i) => i);
  expect(layOut(seeds, { kind: 'rows', labels }, null)).toEqual({
    problem: '17 classes × 64 seeds are 1088 pictures; a sheet has at most 1024.',
  });
  expect(layOut(seeds, { kind: 'rows', labels: [] }, null)).toEqual({ problem: 'Choose at least one class.' });
});

test('a sheet without wish is a little wider than high', () => {
  expect([1, 2, 9, 64, 1024].map(squarish)).toEqual([2, 2, 4, 10, 16]);
});
