import * as tf from '@tensorflow/tfjs-core';

/** Kernels of TensorFlow's beyond those of tfjs; the engine registers them. They have no gradients of their own. */

/** sqrt(Σ x²) over `axes`, which stay with size 1. */
export function euclideanNorm(x: tf.Tensor, axes: number[]): tf.Tensor {
  return tf.engine().runKernel<tf.Tensor>('EuclideanNorm', { x }, { axes });
}

/** dy · s · (1 − s): the gradient of a sigmoid from its result s. */
export function sigmoidGradient(s: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  return tf.engine().runKernel<tf.Tensor>('SigmoidGrad', { y: s, dy });
}

/** The numbers of a table, [K], at indices from 0 to K − 1, int32 of any shape. */
export function lookUp(table: tf.Tensor1D, indices: tf.Tensor): tf.Tensor {
  return tf.engine().runKernel<tf.Tensor>('LookUp', { table, indices });
}
