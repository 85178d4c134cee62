import * as tf from '@tensorflow/tfjs-core';

/** Kernels of TensorFlow's beyond those of tfjs; the engine registers them. They have no gradients of their own. */

/** sqrt(Σ x²) over `axes`, which stay with size 1. */
export function euclideanNorm(x: tf.Tensor, axes: number[]): tf.Tensor {
  return tf.engine().runKernel<tf.Tensor>('EuclideanNorm', { x }, { axes });
}

/** Clips to ±limit. */
export function clipTo(x: tf.Tensor, limit: number): tf.Tensor {
  return tf.engine().runKernel<tf.Tensor>('Clip', { x }, { limit });
}

/** a / b, and 0 where b is 0. */
export function quotientOrZero(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.engine().runKernel<tf.Tensor>('DivNoNan', { a, b });
}

/** The numbers of a table, [K], at indices from 0 to K − 1, int32 of any shape. */
export function lookUp(table: tf.Tensor1D, indices: tf.Tensor): tf.Tensor {
  return tf.engine().runKernel<tf.Tensor>('LookUp', { table, indices });
}

/**
 * Computes y = f(x) with a gradient that is written out, where the automatic one would take many more kernels.
 *
 * @param forward  gives y, and the tensors that the gradient needs: what it captured otherwise would be gone by then
 * @param backward dL/dx from dL/dy; it must not use `tf.grad`, which would break the tape
 * @returns        y; intermediate tensors are freed
 */
export function customGradient<X extends tf.Tensor, Y extends tf.Tensor, const S extends readonly tf.Tensor[]>(
  x: X,
  forward: (x: X) => { value: Y; saved: S },
  backward: (dy: Y, saved: S) => tf.Tensor,
): Y {
  const run = tf.customGrad<Y>((...args) => {
    const [input, save] = args as unknown as [X, (tensors: tf.Tensor[]) => void];
    const { value, saved } = forward(input);
    save([...saved]);
    return { value, gradFunc: (dy, kept) => backward(dy, kept as readonly tf.Tensor[] as S) };
  });
  return tf.tidy(() => run(x));
}
