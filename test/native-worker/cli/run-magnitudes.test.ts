import { expect, test } from 'vitest';
import { magnitudeChange, magnitudeWords } from '../../../native-worker/cli/commands/run-magnitudes.ts';

const layers = ['conv', 'skip', 'gone'];
const values = [
  [1, 2, 1.5],
  [3, 5, 6],
  [4, 2, null],
];

test('growth is from the first tick to the last, of the mean and of the layer that grew most', () => {
  const change = magnitudeChange({ kind: 'weight', layers, nimg: [256, 512, 8000], values })!;
  expect(change).toEqual({
    kind: 'weight',
    nimg: [256, 8000],
    mean: [2, 3.75],
    greatest: { layer: 'skip', rms: [3, 6] },
  });
  expect(magnitudeWords([change]).split('\n')).toEqual([
    'magnitude (rms)          at 256 images  at 8.00 kimg     growth',
    'weights, mean of layers         2.0000        3.7500   +87.50 %',
    '  skip                          3.0000        6.0000  +100.00 %',
  ]);
});

test('a run that has written none, or none that were finite, has no growth', () => {
  expect(magnitudeChange({ kind: 'weight', layers, nimg: [], values: [[], [], []] })).toBe(null);
  expect(magnitudeChange({ kind: 'weight', layers: ['a'], nimg: [8], values: [[null]] })).toBe(null);
});
