import * as tf from '@tensorflow/tfjs-core';
import { lookUp } from './kernels.ts';

/**
 * Pixels 0 to 255 to the network's range: x / 127.5 − 1.
 *
 * @param pixels int32 or float32, any shape
 * @returns      float32 in [−1, 1]
 */
export function encodePixels<T extends tf.Tensor>(pixels: T): T {
  return tf.tidy(() => tf.sub(tf.div(tf.cast(pixels, 'float32'), 127.5), 1));
}

/** What `encodePixels` makes of each byte. */
const encodedBytes = Float32Array.from({ length: 256 }, (_, byte) => Math.fround(byte / 127.5) - 1);

/**
 * `encodePixels` for bytes, to the last bit wherever it is computed: a graph's optimiser makes a product of the
 * division, which rounds in another way, but leaves a table as it is.
 *
 * @param pixels int32 from 0 to 255, any shape
 */
export function encodeBytes<T extends tf.Tensor>(pixels: T): T {
  return tf.tidy(() => lookUp(tf.tensor1d(encodedBytes), pixels) as T);
}

/**
 * The network's range to pixels: x · 127.5 + 128, clipped, fraction cut off.
 *
 * @returns int32 in [0, 255]
 */
export function decodePixels<T extends tf.Tensor>(x: T): T {
  return tf.tidy(() => tf.cast(tf.clipByValue(tf.add(tf.mul(x, 127.5), 128), 0, 255), 'int32'));
}
