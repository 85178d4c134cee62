import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from '../tensors/kernels.ts';

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

/**
 * What each row of the 4-tap filter takes of the rows of the 3-tap filter. A pixel m of the small picture is repeated at
 * 2m and 2m + 1; output p sees the repeated picture from p − 1 to p + 1. So pixel m reaches output p = 2m + q − 1 for
 * q = 0 … 3, by those taps d of 3 whose position p + d − 1 is 2m or 2m + 1.
 */
const TAPS = [
  [0, 0, 1],
  [0, 1, 1],
  [1, 1, 0],
  [1, 0, 0],
] as const;

/** `TAPS` for both directions at once: [16, 9]. */
const TAPS_2D = TAPS.flatMap((row) => TAPS.map((column) => row.flatMap((a) => column.map((b) => a * b))));

/**
 * Filters for `upConv2d`.
 *
 * @param filters [3, 3, Cin, Cout]
 * @returns       [4, 4, Cout, Cin]
 */
export function upFilters(filters: tf.Tensor4D): tf.Tensor4D {
  const [, , cin, cout] = filters.shape;
  return tf.tidy(() => {
    const spread = tf.matMul(tf.tensor2d(TAPS_2D), tf.reshape(filters, [9, cin * cout]));
    return tf.transpose<tf.Tensor4D>(tf.reshape(spread, [4, 4, cin, cout]), [0, 1, 3, 2]);
  });
}

/**
 * Repeats every pixel 2×2 and convolves with 3×3 filters, zero-padded, in 4/9 of the multiplications: the same as a
 * transposed convolution of stride 2 with 4×4 filters, which are sums of the 3×3 ones. Exact but for rounding.
 *
 * @param x       [N, H, W, Cin]
 * @param filters of `upFilters`
 * @returns       [N, 2H, 2W, Cout]
 */
export function upConv2d(x: tf.Tensor4D, filters: tf.Tensor4D): tf.Tensor4D {
  const [n, h, w] = x.shape;
  return tf.conv2dTranspose(x, filters, [n, 2 * h, 2 * w, filters.shape[2]], 2, 'same');
}
