import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from '../tensors/custom-gradient.ts';

/**
 * Changes the resolution with the box filter [1, 1]: down takes the mean of 2×2 pixels, up repeats each pixel 2×2.
 *
 * @param x [N, H, W, C]; for 'down' H and W are even
 *
 * Each direction is the other's gradient up to a factor of 4, which is written out here.
 * Source: arXiv:2312.02696, Fig. 21.
 */
export function resample(x: tf.Tensor4D, mode: 'keep' | 'down' | 'up'): tf.Tensor4D {
  if (mode === 'keep') return x;
  const [forward, backward] =
    mode === 'down'
      ? [meanOf2x2, (dy: tf.Tensor4D) => repeat2x2(tf.mul(dy, 1 / 4))]
      : [repeat2x2, (dy: tf.Tensor4D) => tf.mul(meanOf2x2(dy), 4)];
  return customGradient(x, (x) => ({ value: forward(x), saved: [] }), backward);
}

function meanOf2x2(x: tf.Tensor4D): tf.Tensor4D {
  return tf.avgPool(x, 2, 2, 'valid');
}

/** Tiling is faster than resizing to the nearest neighbour. */
function repeat2x2(x: tf.Tensor4D): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  return tf.tidy(() =>
    tf.reshape(tf.tile(tf.reshape(x, [n, h, 1, w, 1, c]), [1, 1, 2, 1, 2, 1]), [n, 2 * h, 2 * w, c]),
  );
}
