import * as tf from '@tensorflow/tfjs-core';
import { groupCount } from '../../../contract/architecture.ts';
import { normalize } from './normalize.ts';
import type { Forward } from '../tensors/types.ts';

/** Added to the variance, inside the root, as in EDM's code. */
const VARIANCE_EPSILON = 1e-5;

/**
 * Group normalisation of A and B: mean 0 and variance 1 over pixels and the channels of a group, then a learned scale
 * and shift of each channel.
 *
 * @param x     [N, H, W, C]
 * @param scale [C]
 * @param shift [C]
 *
 * Source: Wu and He, arXiv:1803.08494, Eq. 1 to 4, 6; with EDM's number of groups.
 */
export function groupNorm(x: tf.Tensor4D, scale: tf.Tensor1D, shift: tf.Tensor1D): tf.Tensor4D {
  return tf.tidy(() => {
    const groups = inGroups(x);
    const mean = tf.mean(groups, [1, 2, 4], true);
    const centred = tf.sub(groups, mean);
    const variance = tf.mean(tf.square(centred), [1, 2, 4], true);
    const unit = tf.mul(centred, tf.rsqrt(tf.add(variance, VARIANCE_EPSILON)));
    return tf.add(tf.mul(tf.reshape(unit, x.shape), scale), shift);
  });
}

/**
 * Group normalisation of C to E: root mean square 1 over pixels and the channels of a group; no mean, nothing learned.
 *
 * Source: arXiv:2312.02696, Eq. 29, with ε outside the root as in the official `normalize`.
 */
export function groupNormWithoutMean(x: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => tf.reshape(normalize(inGroups(x), [1, 2, 4]), x.shape));
}

/**
 * The one whose parameters there are: with scale and shift in A and B, without from C on. That of A and B is float32
 * whatever the precision, and so is what follows up to the next convolution: it subtracts numbers that may be nearly equal.
 */
export function namedGroupNorm(
  { inUse, precision }: Pick<Forward, 'inUse' | 'precision'>,
  name: string,
  x: tf.Tensor4D,
): tf.Tensor4D {
  const scale = inUse[`${name}.scale`] as tf.Tensor1D | undefined;
  if (scale === undefined) return groupNormWithoutMean(x);
  return groupNorm(precision.restore(x), scale, inUse[`${name}.shift`] as tf.Tensor1D);
}

function inGroups(x: tf.Tensor4D): tf.Tensor5D {
  const [n, h, w, channels] = x.shape;
  const count = groupCount(channels);
  return tf.reshape(x, [n, h, w, count, channels / count]);
}
