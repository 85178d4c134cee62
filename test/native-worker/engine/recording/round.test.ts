import { expect, test } from 'vitest';
import { DataType } from '../../../../native-worker/engine/proto/tensorflow_pb.js';
import { roundTo, type ReducedType } from '../../../../native-worker/engine/recording/round.ts';

const bits = (dtype: ReducedType, value: number): string =>
  roundTo(dtype, Float32Array.of(value))[0]!.toString(16).padStart(4, '0');

const half: [number, string][] = [
  [1, '3c00'],
  [-0, '8000'],
  [1 + 2 ** -11, '3c00'], // between 1 and the next: the even one is below
  [1 + 3 * 2 ** -11, '3c02'], // the even one is above
  [1 + 2 ** -11 + 2 ** -23, '3c01'], // past the middle
  [2 - 2 ** -11, '4000'], // carries into the exponent
  [2 ** -14, '0400'], // the smallest normal number
  [2 ** -14 - 2 ** -25, '0400'], // half a step below it
  [2 ** -24, '0001'], // the smallest of all
  [2 ** -25, '0000'], // half of it
  [-(2 ** -25) - 2 ** -40, '8001'],
  [3 * 2 ** -25, '0002'],
  [65_504, '7bff'], // the largest
  [65_519, '7bff'],
  [65_520, '7c00'], // where infinity begins
  [-1e30, 'fc00'],
  [Infinity, '7c00'],
  [-Infinity, 'fc00'],
  [NaN, '7e00'],
];

const bfloat16: [number, string][] = [
  [1, '3f80'],
  [-0, '8000'],
  [1 + 2 ** -8, '3f80'],
  [1 + 3 * 2 ** -8, '3f82'],
  [1 + 2 ** -8 + 2 ** -23, '3f81'],
  [2 - 2 ** -8, '4000'],
  [2 ** -126, '0080'], // the smallest normal number
  [2 ** -133, '0001'], // the smallest of all
  [2 ** -134, '0000'],
  [3 * 2 ** -134, '0002'],
  [3.3895313892515355e38, '7f7f'], // the largest
  [3.4e38, '7f80'],
  [Infinity, '7f80'],
  [-Infinity, 'ff80'],
  [NaN, '7fc0'],
];

test.each(half)('%d is %s in half precision: the nearest, ties to even', (value, expected) => {
  expect(bits(DataType.DT_HALF, value)).toBe(expected);
});

test.each(bfloat16)('%d is %s in bfloat16: the nearest, ties to even', (value, expected) => {
  expect(bits(DataType.DT_BFLOAT16, value)).toBe(expected);
});
