import * as tf from '@tensorflow/tfjs-core';

/**
 * Pixels 0 to 255 to the network's range: x / 127.5 − 1.
 *
 * @param pixels int32 or float32, any shape
 * @returns      float32 in [−1, 1]
 */
export function encodePixels<T extends tf.Tensor>(pixels: T): T {
  return tf.tidy(() => tf.sub(tf.div(tf.cast(pixels, 'float32'), 127.5), 1));
}

/**
 * The network's range to pixels: x · 127.5 + 128, clipped, fraction cut off.
 *
 * @returns int32 in [0, 255]
 */
export function decodePixels<T extends tf.Tensor>(x: T): T {
  return tf.tidy(() => tf.cast(tf.clipByValue(tf.add(tf.mul(x, 127.5), 128), 0, 255), 'int32'));
}
