import { expect, test } from 'vitest';
import { resample, upConv2d, upFilters } from '../../../../native-worker/edm2/network/resample.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';
import { gradientOf, normal, relativeDifference } from '../support.ts';
import type { Tensor, Tensor4D } from '../support.ts';

const x = normal([2, 3, 5, 4], 1) as Tensor4D;
const filters = normal([3, 3, 4, 6], 2) as Tensor4D;
const r = normal([2, 6, 10, 6], 3);

const ours = (x: Tensor, filters: Tensor): Tensor => upConv2d(x as Tensor4D, upFilters(filters as Tensor4D));
const formula = (x: Tensor, filters: Tensor): Tensor =>
  tf.conv2d(resample(x as Tensor4D, 'up'), filters as Tensor4D, 1, 'same');

test('it equals repeating each pixel 2×2 and then convolving, up to the borders', () => {
  expect(ours(x, filters).shape).toEqual([2, 6, 10, 6]);
  expect(relativeDifference(ours(x, filters), formula(x, filters))).toBeLessThan(1e-6);
});

test('its gradients by picture and by filters are those of that', () => {
  const byPicture = (f: typeof ours): Tensor => gradientOf((x) => f(x, filters), x, r);
  const byFilters = (f: typeof ours): Tensor => gradientOf((filters) => f(x, filters), filters, r);
  expect(relativeDifference(byPicture(ours), byPicture(formula))).toBeLessThan(2e-6);
  expect(relativeDifference(byFilters(ours), byFilters(formula))).toBeLessThan(2e-6);
});
