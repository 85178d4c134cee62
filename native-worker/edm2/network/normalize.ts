import * as tf from '@tensorflow/tfjs-core';
import { customGradient, euclideanNorm, quotientOrZero } from '../tensors/kernels.ts';

/**
 * Keeps the divisor away from zero. It is added to the root mean square, outside the root, as the official code does;
 * a vector whose root mean square is 1 comes out 0.01 % short, which is where stored weights settle (0.9999).
 */
const EPSILON = 1e-4;

/**
 * Scales vectors to a given root mean square: y = m · x / (rms(x) + ε), rms over `axes`.
 *
 * It is computed from norms, rms = ‖x‖/√n for n numbers a vector, by a kernel that reads x once. The gradient is written
 * out, because it takes half the kernels of the automatic one; it is the projection of Eq. 59 for ε → 0:
 * dx = √n·m/(‖x‖ + √n·ε) · (dy − x · Σ(x·dy) / (‖x‖ · (‖x‖ + √n·ε))).
 *
 * @param x         float32, any shape
 * @param axes      axes that make up one vector
 * @param magnitude m, root mean square of the result, dimensionless; a tensor gives each vector its own, is
 *   broadcast against the norms, and counts as constant
 * @returns         as `x`; a zero vector stays zero
 *
 * Source: Karras et al., arXiv:2312.02696, Eq. 30 (pixel norm), 47 and 66 (weights), with the official code's ε.
 */
export function normalize<T extends tf.Tensor>(x: T, axes: number[], magnitude: number | tf.Tensor = 1): T {
  const root = Math.sqrt(axes.reduce((size, axis) => size * x.shape[axis]!, 1));
  return customGradient(
    x,
    (x) => {
      const norm = euclideanNorm(x, axes);
      const length = tf.add(norm, root * EPSILON);
      const scale = tf.div(typeof magnitude === 'number' ? root * magnitude : tf.mul(magnitude, root), length);
      return { value: tf.mul<T>(x, scale), saved: [x, norm, length, scale] };
    },
    (dy, [x, norm, length, scale]) => {
      // At a zero vector the norm counts as constant, instead of 0/0.
      const radial = quotientOrZero(tf.sum(tf.mul(x, dy), axes, true), tf.mul(length, norm));
      return tf.mul(scale, tf.sub(dy, tf.mul(x, radial)));
    },
  );
}

/**
 * `normalize` once or twice over, without gradient and in one pass over x: what comes out the first time has the root mean
 * square rms/(rms + ε).
 *
 * @param again whether twice, or a scalar that says so by 1 or 0
 */
export function normalizeAgain<T extends tf.Tensor>(x: T, axes: number[], again: boolean | tf.Scalar): T {
  if (again === false) return normalize(x, axes);
  return tf.tidy(() => {
    const root = Math.sqrt(axes.reduce((size, axis) => size * x.shape[axis]!, 1));
    const norm = euclideanNorm(x, axes);
    const first = tf.div(root, tf.add(norm, root * EPSILON));
    const second = tf.div(root, tf.add(tf.mul(norm, first), root * EPSILON));
    const wanted = again === true ? second : tf.add(1, tf.mul(again, tf.sub(second, 1)));
    return tf.mul<T>(x, tf.mul(first, wanted));
  });
}

/** Pixel normalisation: every pixel's vector of channels gets unit root mean square (Eq. 30). x: [..., C]. */
export function pixelNorm<T extends tf.Tensor>(x: T): T {
  return normalize(x, [x.rank - 1]);
}

/** Root mean square over all elements, a scalar: what the paper calls a magnitude. */
export function rms(x: tf.Tensor): tf.Scalar {
  return tf.tidy(() => tf.sqrt(tf.mean<tf.Scalar>(tf.square(x))));
}
