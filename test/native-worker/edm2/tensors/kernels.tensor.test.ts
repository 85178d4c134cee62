import { expect, test } from 'vitest';
import { clipTo, euclideanNorm, lookUp, quotientOrZero } from '../../../../native-worker/edm2/tensors/kernels.ts';
import { tf } from '../../../../native-worker/engine/tensorflow.ts';

test('a Euclidean norm is the root of the sum of squares, over inner, outer and several axes', () => {
  const x = tf.tensor3d([3, -4, 0, 5, -12, 0, 8, 15], [2, 2, 2]);
  expect(euclideanNorm(x, [2]).shape).toEqual([2, 2, 1]);
  expect([...euclideanNorm(x, [2]).dataSync()]).toEqual([5, 5, 12, 17]);
  expect([...euclideanNorm(x, [0]).dataSync()]).toEqual(
    [153, 16, 64, 250].map((square) => Math.fround(Math.sqrt(square))),
  );
  expect(euclideanNorm(x, [0, 1]).shape).toEqual([1, 1, 2]);
  expect([...euclideanNorm(x, [0, 1]).dataSync()]).toEqual([217, 266].map((square) => Math.fround(Math.sqrt(square))));
});

test('numbers are clipped to plus and minus the limit, and nothing is made of what is no number', () => {
  expect([...clipTo(tf.tensor1d([-300, -256, 0.5, 257, Infinity, NaN]), 256).dataSync()]).toEqual([
    -256,
    -256,
    0.5,
    256,
    256,
    NaN,
  ]);
});

test('a quotient is 0 where the divisor is', () => {
  const [a, b] = [tf.tensor1d([6, 0, -3, 5]), tf.tensor1d([2, 0, 0, -4])];
  expect([...quotientOrZero(a, b).dataSync()]).toEqual([3, 0, 0, -1.25]);
});

test('a table is looked up whatever the shape of the indices', () => {
  const found = lookUp(tf.tensor1d([0.5, -1, 7]), tf.tensor2d([2, 0, 1, 2], [2, 2], 'int32'));
  expect(found.arraySync()).toEqual([
    [7, 0.5],
    [-1, 7],
  ]);
});
