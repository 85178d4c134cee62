import { expect, test } from 'vitest';
import { euclideanNorm, lookUp, sigmoidGradient } from '../../../../native-worker/edm2/tensors/kernels.ts';
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

test('the gradient of a sigmoid is dy · s · (1 − s)', () => {
  const s = [0, 0.25, 0.5, 1];
  const dy = [7, 2, -3, 9];
  const gradient = sigmoidGradient(tf.tensor1d(s), tf.tensor1d(dy)).dataSync();
  expect([...gradient]).toEqual(s.map((value, index) => dy[index]! * value * (1 - value)));
});

test('a table is looked up whatever the shape of the indices', () => {
  const found = lookUp(tf.tensor1d([0.5, -1, 7]), tf.tensor2d([2, 0, 1, 2], [2, 2], 'int32'));
  expect(found.arraySync()).toEqual([
    [7, 0.5],
    [-1, 7],
  ]);
});
