import * as tf from '@tensorflow/tfjs-core';
import { layerScope } from '../../../contract/profile.ts';
import { fullPrecision } from '../tensors/precision.ts';
import type { Forward } from '../tensors/types.ts';
import { upConv2d } from './resample.ts';

/**
 * A layer that learns, and how its stored weight becomes what it multiplies with (`parametersInUse`). Constants of the
 * functions beside it go into its weight: to multiply filters costs next to nothing, to multiply activations a pass over
 * memory. What has no layer of its own beside it is left to activations: the factors of a concatenation, and that of the
 * main path where no 1×1 convolution ends it.
 */
export interface Layer {
  /** Of its parameters, without ".weight". */
  readonly name: string;
  /**
   * `conv`: zero-padded convolution. `up`: the same with 3×3 filters, of a picture whose pixels are repeated 2×2 first.
   * `qkv`: the 1×1 convolution before attention, its output sorted as `attend` wants it. `linear`: a product.
   */
  readonly kind: 'conv' | 'up' | 'qkv' | 'linear';
  /** Name of a scalar parameter by which the weight is multiplied, if the network has it; not the bias. */
  readonly gain?: string;
  /** A constant that the input has yet to be multiplied by. Default: 1. */
  readonly inputScale?: number;
  /** A constant by which the result is multiplied after the layer's output was observed. Default: 1. */
  readonly outputScale?: number;
}

/** The layers of a network at work. */
export interface LearnedLayers {
  /** Any layer but a linear one, of [N, H, W, Cin]. */
  readonly conv: (layer: Layer, x: tf.Tensor4D) => tf.Tensor4D;
  /** A linear layer, of [N, in]. */
  readonly linear: (layer: Layer, x: tf.Tensor2D) => tf.Tensor2D;
  /** Linear layers of one input as one product: their outputs side by side, [N, Σ widths], which the caller has observed. */
  readonly linears: (
    layers: readonly Layer[],
    x: tf.Tensor2D,
  ) => { readonly joined: tf.Tensor2D; readonly widths: number[] };
}

/** What layers need: parameters as they are used, and of a forward pass what differs from the usual. */
type LayersOf = Pick<Forward, 'inUse'> & Partial<Pick<Forward, 'observe' | 'precision'>>;

/**
 * Multiplies with the weights in use, then adds the bias (A, B). Every output but that of `linears` is observed. Linear layers, which see the
 * embedding alone, are in float32 whatever the precision.
 */
export function learnedLayers({ inUse, observe = null, precision = fullPrecision }: LayersOf): LearnedLayers {
  const finish = <T extends tf.Tensor>({ name, outputScale = 1 }: Layer, y: T): T => {
    const bias = inUse[`${name}.bias`];
    const output: T = bias === undefined ? y : tf.add(y, bias);
    observe?.(name, outputScale === 1 ? output : tf.div(output, outputScale));
    return output;
  };
  return {
    conv: (layer, x) =>
      tf.tidy(layerScope('network', layer.name), () => {
        const convolve = layer.kind === 'up' ? upConv2d : conv2d;
        return finish(layer, convolve(precision.activations(x), inUse[`${layer.name}.weight`] as Filters));
      }),
    linear: (layer, x) =>
      tf.tidy(layerScope('network', layer.name), () =>
        finish(layer, tf.matMul<tf.Tensor2D>(x, inUse[`${layer.name}.weight`] as tf.Tensor2D)),
      ),
    linears: (layers, x) => {
      const weights = layers.map(({ name }) => inUse[`${name}.weight`] as tf.Tensor2D);
      const widths = weights.map(({ shape }) => shape[1]);
      const joined = tf.tidy(() => {
        const product = tf.matMul<tf.Tensor2D>(x, tf.concat(weights, 1));
        const biases = layers.flatMap(({ name }) => inUse[`${name}.bias`] ?? []) as tf.Tensor1D[];
        return biases.length === 0 ? product : tf.add<tf.Tensor2D>(product, tf.concat(biases));
      });
      return { joined, widths };
    },
  };
}

/** Filters in use: [K, K, Cin, Cout]; of a 1×1 convolution [Cin, Cout]. */
type Filters = tf.Tensor4D & tf.Tensor2D;

/**
 * Zero-padded convolution. A 1×1 one is a matrix product, whose filters need no sorting and whose gradient is faster.
 *
 * @param filters [K, K, Cin, Cout], or [Cin, Cout]
 */
export function conv2d(x: tf.Tensor4D, filters: tf.Tensor4D | tf.Tensor2D): tf.Tensor4D {
  if (filters.rank !== 2) return tf.conv2d(x, filters as tf.Tensor4D, 1, 'same');
  const [cin, cout] = filters.shape as [number, number];
  const [n, h, w] = x.shape;
  const product = tf.matMul(tf.reshape<tf.Rank.R2>(x, [n * h * w, cin]), filters);
  return tf.reshape(product, [n, h, w, cout]);
}
