import { expect, test } from 'vitest';
import {
  enlargement,
  gridAt,
  gridSize,
  largerOf,
  readWipe,
  unlikeWords,
  usualWipe,
  wipeText,
} from '../../../../renderer/pages/compare/wipe.ts';
import { exampleSample } from '../../support/examples.ts';

const grid = (resolution: number, columns: number, count: number, seed = 0) =>
  exampleSample({
    resolution,
    columns,
    seeds: Array.from({ length: count }, (_, index) => seed + index),
    labels: Array.from({ length: count }, () => null),
  });

test('an address names two grids, each at the clock or at a moment of its own', () => {
  expect(readWipe('4,7')).toEqual({ left: { run: 4, nimg: null }, right: { run: 7, nimg: null } });
  expect(readWipe('7:1600,7')).toEqual({ left: { run: 7, nimg: 1600 }, right: { run: 7, nimg: null } });
  for (const text of ['4,7', '7:0,7:1600']) expect(wipeText(readWipe(text)!)).toBe(text);
  for (const text of ['', '4', '4,7,9', '4,x', '4:-1,7', '4:1:2,7']) expect(readWipe(text)).toBeNull();
});

test('at first two runs lie over each other, or the first and the newest grid of a single one', () => {
  const run = (id: number) => ({ id, samples: [exampleSample({ nimg: 100 }), exampleSample({ nimg: 200 })] });
  expect(wipeText(usualWipe([run(4), run(7), run(2)])!)).toBe('4,7');
  expect(wipeText(usualWipe([run(4)])!)).toBe('4:100,4');
  expect(usualWipe([])).toBeNull();
  expect(gridAt(run(1).samples, 199)?.nimg).toBe(100);
  expect(gridAt(run(1).samples, 99)).toBeNull();
});

test('the smaller grid is enlarged by whole numbers, and what two grids do not share is told', () => {
  const [small, large] = [grid(16, 4, 8), grid(64, 4, 6)];
  const both = largerOf(gridSize(small), gridSize(large));
  expect(both).toEqual({ width: 256, height: 128 });
  expect([enlargement(gridSize(small), both), enlargement(gridSize(large), both)]).toEqual([4, 1]);
  expect(unlikeWords({ name: 'C', sample: small }, { name: 'G', sample: large })).toEqual([
    'C has 4 × 2 pictures of 16 px, drawn 4 times as large; G has 4 × 2 pictures of 64 px.',
    'Their seeds or classes differ: pictures that lie over each other are not of the same noise.',
  ]);
  expect(unlikeWords({ name: 'C', sample: small }, { name: 'G', sample: grid(16, 4, 8) })).toEqual([]);
});
