import * as tf from '@tensorflow/tfjs-core';
import { layerScope } from '../../../contract/profile.ts';
import type { NetworkSwitches } from '../../../contract/switches.ts';
import { normalize, normalizeAgain, unitAxes } from './normalize.ts';
import { freshWeights } from './prepared-weights.ts';
import { upConv2d, upFilters } from './resample.ts';
import { fullPrecision } from '../tensors/precision.ts';
import type { Forward, Parameters } from '../tensors/types.ts';

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
  const force = (name: string, weight: tf.Tensor): tf.Tensor =>
    tf.tidy(layerScope('weights', name), () => normalizeAgain(weight, unitAxes(weight), again));
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      name.endsWith('.weight') ? force(name, value) : value.clone(),
    ]),
  );
}

export interface LayerOptions {
  /** Name of a scalar parameter by which the output is multiplied, if the network has it. */
  readonly gain?: string;
  /** A constant that the input has yet to be multiplied by. */
  readonly inputScale?: number;
  /** A constant by which the result is multiplied after the layer's output was observed. */
  readonly outputScale?: number;
}

export interface ConvOptions extends LayerOptions {
  /** Repeat every pixel 2×2 first; 3×3 filters. */
  readonly up?: boolean;
}

/** Convolutions and linear layers of a network, by the names of their parameters without ".weight". */
export interface LearnedLayers {
  /** Zero-padded convolution of [N, H, W, Cin]. */
  readonly conv: (name: string, x: tf.Tensor4D, options?: ConvOptions) => tf.Tensor4D;
  /** Linear layer of [N, in]. */
  readonly linear: (name: string, x: tf.Tensor2D, options?: LayerOptions) => tf.Tensor2D;
  /** The 1×1 convolution before attention, its output sorted as `attend` wants it. */
  readonly qkv: (name: string, x: tf.Tensor4D) => tf.Tensor4D;
}

/** What layers need: their parameters, and of a forward pass what differs from the usual. */
type LayersOf = Pick<Forward, 'parameters'> & Partial<Pick<Forward, 'observe' | 'precision' | 'weights'>>;

/**
 * The layers of a rung: weights as stored (A to C) or of unit norm (D to G, Eq. 47), then the gain (G), then the bias
 * (A, B). Forcing stored weights (E to G) is not done here but once a training step. Every output is observed.
 *
 * All constant factors go into the weights, where they cost next to nothing. Linear layers, which see the embedding
 * alone, are in float32 whatever the precision.
 */
export function learnedLayers(
  { parameters, observe = null, precision = fullPrecision, weights = freshWeights }: LayersOf,
  { weightNorm }: NetworkSwitches,
): LearnedLayers {
  const scaled = (name: string, { gain: gainName, inputScale = 1, outputScale = 1 }: LayerOptions): tf.Tensor => {
    const stored = parameters[`${name}.weight`]!;
    const gain = gainName === undefined ? null : ((parameters[gainName] as tf.Scalar | undefined) ?? null);
    const scale = inputScale * outputScale;
    if (weightNorm !== 'none') return mpWeight(stored, gain, scale);
    const constant = scale === 1 ? stored : tf.mul(stored, scale);
    return gain === null ? constant : tf.mul(constant, gain);
  };
  const finish = <T extends tf.Tensor>(name: string, y: T, { outputScale = 1 }: LayerOptions, sort = asItIs): T => {
    const bias = parameters[`${name}.bias`];
    const output: T = bias === undefined ? y : tf.add(y, sort(outputScale === 1 ? bias : tf.mul(bias, outputScale)));
    observe?.(name, outputScale === 1 ? output : tf.div(output, outputScale));
    return output;
  };
  const prepared = <T extends tf.Tensor>(name: string, prepare: () => T): T =>
    weights.inUse(name, () => tf.tidy(layerScope('weights', name), prepare));
  const { activations, weight } = precision;
  return {
    conv: (name, x, options = {}) =>
      tf.tidy(layerScope('network', name), () => {
        const filters = prepared(name, () => {
          const w = scaled(name, options) as tf.Tensor4D;
          return options.up === true ? upFilters(w) : w;
        });
        const convolve = options.up === true ? upConv2d : conv2d;
        return finish(name, convolve(activations(x), weight(filters)), options);
      }),
    linear: (name, x, options = {}) =>
      tf.tidy(layerScope('network', name), () =>
        finish(
          name,
          tf.matMul<tf.Tensor2D>(
            x,
            prepared(name, () => scaled(name, options)),
          ),
          options,
        ),
      ),
    qkv: (name, x) =>
      tf.tidy(layerScope('network', name), () => {
        const filters = prepared(name, () => sortQkv(scaled(name, {}) as tf.Tensor4D));
        return finish(name, conv2d(activations(x), weight(filters)), {}, sortQkv);
      }),
  };
}

/** Zero-padded convolution. A 1×1 one is a matrix product, whose filters need no sorting and whose gradient is faster. */
export function conv2d(x: tf.Tensor4D, filters: tf.Tensor4D): tf.Tensor4D {
  const [kernel, , cin, cout] = filters.shape;
  if (kernel !== 1) return tf.conv2d(x, filters, 1, 'same');
  const [n, h, w] = x.shape;
  const product = tf.matMul(tf.reshape(x, [n * h * w, cin]), tf.reshape(filters, [cin, cout]));
  return tf.reshape(product, [n, h, w, cout]);
}

function asItIs<T extends tf.Tensor>(x: T): T {
  return x;
}

/**
 * Sorts what belongs to the outputs of `attn_qkv`, its filters or its biases, so that the outputs stand as [q | k | v],
 * each [heads, C]. Official files (and so our stored weights) interleave them: output (head · C + channel) · 3 +
 * {0: q, 1: k, 2: v}. Sorting the filters is cheaper than sorting what they put out.
 *
 * @param x filters [1, 1, Cin, 3·heads·C] or biases [3·heads·C]
 */
export function sortQkv<T extends tf.Tensor>(x: T): T {
  const width = x.shape.at(-1)!;
  return tf.tidy(() =>
    tf.reshape(tf.transpose(tf.reshape(x, [x.size / width, width / 3, 3]), [0, 2, 1]), x.shape),
  ) as T;
}
