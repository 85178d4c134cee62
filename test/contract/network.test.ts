import { expect, test } from 'vitest';
import { DataShape, MOST_CLASSES } from '../../contract/network.ts';

test('what was made of more classes than can be imported today can still be read', () => {
  const shape = { resolution: 8, channels: 3, labelDim: MOST_CLASSES + 1 };
  expect(DataShape.parse(shape)).toEqual(shape);
});
