import * as tf from '@tensorflow/tfjs-core';

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
