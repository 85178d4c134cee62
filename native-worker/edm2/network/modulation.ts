import * as tf from '@tensorflow/tfjs-core';

/**
 * Scales the channels of a residual branch by the conditioning: y · (scale + 1), and + shift in A and B.
 *
 * @param y         [N, H, W, C]
 * @param condition output of the block's `emb_linear`, [N or 1, C]: scales; or [N or 1, 2C]: scales, then shifts
 *
 * Source: arXiv:2312.02696, Fig. 16 to 22.
 */
export function modulate(y: tf.Tensor4D, condition: tf.Tensor2D): tf.Tensor4D {
  const channels = y.shape[3];
  const perPixel = (part: tf.Tensor2D): tf.Tensor4D => tf.reshape(part, [-1, 1, 1, channels]);
  return tf.tidy(() => {
    if (condition.shape[1] === channels) return tf.mul(y, perPixel(tf.add(condition, 1)));
    const [scale, shift] = tf.split(condition, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    return tf.add(tf.mul(y, perPixel(tf.add(scale, 1))), perPixel(shift));
  });
}
