import * as tf from '@tensorflow/tfjs-core';
import type { NetworkSwitches } from '../../../contract/switches.ts';
import { sortQkv } from './attention.ts';
import { mpWeight } from './mp-layers.ts';
import type { Forward } from '../tensors/types.ts';
import { upConv2d, upFilters } from './up-convolution.ts';

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

/**
 * The layers of a rung: weights as stored (A to C) or of unit norm (D to G, Eq. 47), then the gain (G), then the bias
 * (A, B). Forcing stored weights (E to G) is not done here but once a training step. Every output is observed.
 *
 * All constant factors go into the weights, where they cost next to nothing. Linear layers, which see the embedding
 * alone, are in float32 whatever the precision.
 */
export function learnedLayers(
  { parameters, observe, precision, weights }: Pick<Forward, 'parameters' | 'observe' | 'precision' | 'weights'>,
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
  const { activations, weight } = precision;
  return {
    conv: (name, x, options = {}) =>
      tf.tidy(() => {
        const filters = weights.inUse(name, () => {
          const w = scaled(name, options) as tf.Tensor4D;
          return options.up === true ? upFilters(w) : w;
        });
        const convolve = options.up === true ? upConv2d : conv2d;
        return finish(name, convolve(activations(x), weight(filters)), options);
      }),
    linear: (name, x, options = {}) =>
      tf.tidy(() =>
        finish(
          name,
          tf.matMul<tf.Tensor2D>(
            x,
            weights.inUse(name, () => scaled(name, options)),
          ),
          options,
        ),
      ),
    qkv: (name, x) =>
      tf.tidy(() => {
        const filters = weights.inUse(name, () => sortQkv(scaled(name, {}) as tf.Tensor4D));
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
