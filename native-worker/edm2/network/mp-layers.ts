import * as tf from '@tensorflow/tfjs-core';
import { AppError } from '../../../contract/errors.ts';
import { normalize, normalizeAgain, unitAxes } from './normalize.ts';
import type { Parameters } from '../tensors/types.ts';

/**
 * The weight as it is used: every output unit has unit L2 norm, so that input of unit magnitude with uncorrelated
 * entries comes out with unit magnitude; then the learned gain, if there is one.
 *
 * @param weight stored weight of any scale, [K, K, Cin, Cout] or [in, out]
 * @param gain   learned scalar, [] ; null: 1
 * @param scale  a constant factor on top
 *
 * Source: arXiv:2312.02696, Eq. 47. ‖w‖₂ = rms(w) · sqrt(N) with N the fan-in, hence 1/sqrt(N).
 */
export function mpWeight<T extends tf.Tensor>(weight: T, gain: tf.Scalar | null = null, scale = 1): T {
  const fanIn = weight.size / weight.shape.at(-1)!;
  const unit = normalize(weight, unitAxes(weight), scale / Math.sqrt(fanIn));
  return gain === null ? unit : tf.mul(unit, gain);
}

/**
 * Magnitude-preserving convolution with zero padding, no bias.
 *
 * @param x      [N, H, W, Cin]
 * @param weight stored filters, [K, K, Cin, Cout], K odd
 * @param gain   as in `mpWeight`
 * @returns      [N, H, W, Cout]
 * @throws {AppError} 'shape' if Cin differs between `x` and `weight`, or K is even
 */
export function mpConv2d(x: tf.Tensor4D, weight: tf.Tensor4D, gain: tf.Scalar | null = null): tf.Tensor4D {
  const [kernel, , cin] = weight.shape;
  if (x.shape[3] !== cin || kernel % 2 === 0) {
    throw new AppError('shape', `mpConv2d: input [${x.shape}] does not fit filters [${weight.shape}]`);
  }
  return tf.tidy(() => tf.conv2d(x, mpWeight(weight, gain), 1, 'same'));
}

/**
 * Magnitude-preserving linear layer, no bias.
 *
 * @param x      [N, in]
 * @param weight stored weight, [in, out]
 * @param gain   as in `mpWeight`
 * @returns      [N, out]
 * @throws {AppError} 'shape' if `in` differs
 */
export function mpLinear(x: tf.Tensor2D, weight: tf.Tensor2D, gain: tf.Scalar | null = null): tf.Tensor2D {
  if (x.shape[1] !== weight.shape[0]) {
    throw new AppError('shape', `mpLinear: input [${x.shape}] does not fit weight [${weight.shape}]`);
  }
  return tf.tidy(() => tf.matMul(x, mpWeight(weight, gain)));
}

/**
 * Forced weight normalisation: every output unit of every stored weight gets unit root mean square, without gradient;
 * gains stay. It happens before the forward pass in training, and must not replace normalisation on use: without that
 * one's gradient Adam's second moment would fill with the component that is deleted here.
 *
 * @param again whether to do it twice, or a scalar that says so by 1 or 0. The second time leaves 0.9999 of what the first
 *   left, and what the first left out
 * @returns new tensors for all parameters; the caller disposes them
 *
 * Source: arXiv:2312.02696, Eq. 66.
 */
export function forceNormalize(parameters: Parameters, again: boolean | tf.Scalar = false): Parameters {
  const force = (weight: tf.Tensor): tf.Tensor => normalizeAgain(weight, unitAxes(weight), again);
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, name.endsWith('.weight') ? force(value) : value.clone()]),
  );
}
