import * as tf from '@tensorflow/tfjs-core';
import { customGradient } from './custom-gradient.ts';

/**
 * Keeps the divisor away from zero. It is added to the root mean square, outside the root, as the official code does;
 * a vector whose root mean square is 1 comes out 0.01 % short, which is where stored weights settle (0.9999).
 */
const EPSILON = 1e-4;

/** Smallest divisor in the gradient: at a zero vector the norm then counts as constant, instead of 0/0. */
const TINY = 1e-30;

/**
 * Scales vectors to a given root mean square: y = m · x / (rms(x) + ε), rms over `axes`.
 *
 * The gradient is written out, because it takes half the kernels of the automatic one:
 * dx = m/(rms + ε) · (dy − x · mean(x·dy) / (rms · (rms + ε))), the projection of Eq. 59 for ε → 0.
 *
 * @param x         float32, any shape
 * @param axes      axes that make up one vector
 * @param magnitude m, root mean square of the result, dimensionless
 * @returns         as `x`; a zero vector stays zero
 *
 * Source: Karras et al., arXiv:2312.02696, Eq. 30 (pixel norm), 47 and 66 (weights), with the official code's ε.
 */
export function normalize<T extends tf.Tensor>(x: T, axes: number[], magnitude = 1): T {
  return customGradient(
    x,
    (x) => {
      const rms = tf.sqrt(tf.mean(tf.square(x), axes, true));
      const inverse = tf.reciprocal(tf.add(rms, EPSILON));
      const scale = magnitude === 1 ? inverse : tf.mul(inverse, magnitude);
      return { value: tf.mul<T>(x, scale), saved: [x, rms, inverse, scale] };
    },
    (dy, [x, rms, inverse, scale]) => {
      const radial = tf.mul(tf.mean(tf.mul(x, dy), axes, true), tf.div(inverse, tf.maximum(rms, TINY)));
      return tf.mul(scale, tf.sub(dy, tf.mul(x, radial)));
    },
  );
}

/** Pixel normalisation: every pixel's vector of channels gets unit root mean square (Eq. 30). x: [..., C]. */
export function pixelNorm<T extends tf.Tensor>(x: T): T {
  return normalize(x, [x.rank - 1]);
}

/** Axes that make up one output unit of a weight: all but the last in [K, K, Cin, Cout] and [in, out]. */
export function unitAxes(weight: tf.Tensor): number[] {
  return Array.from({ length: weight.rank - 1 }, (_, axis) => axis);
}
