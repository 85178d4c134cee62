import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from '../tensors/custom-gradient.ts';

/** Clips to ±limit. Written out, the gradient needs only the output: it is 0 where that touches the limit. */
export function clip(x: tf.Tensor4D, limit: number): tf.Tensor4D {
  return customGradient(
    x,
    (x) => {
      const y = tf.clipByValue(x, -limit, limit);
      return { value: y, saved: [y] };
    },
    (dy, [y]) => tf.mul(dy, tf.cast(tf.less(tf.abs(y), limit), 'float32')),
  );
}
