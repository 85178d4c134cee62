import * as tf from '@tensorflow/tfjs-core';
import type { BlockPlan } from '../../contract/architecture.ts';
import type { NetworkConfig } from '../../contract/network.ts';
import { attend, sortedQkvWeight } from './attention.ts';
import { customGradient } from './custom-gradient.ts';
import { mpSum } from './mp-join.ts';
import { mpConv2d, mpLinear } from './mp-layers.ts';
import { mpSilu } from './mp-silu.ts';
import { pixelNorm } from './normalize.ts';
import { resample } from './resample.ts';
import type { Parameters } from './types.ts';

/** What a forward pass needs beside its inputs. */
export interface Forward {
  readonly parameters: Parameters;
  /** Drops activations; null: no dropout (sampling, or a network without it). The name is the block's. */
  readonly drop: ((x: tf.Tensor4D, name: string) => tf.Tensor4D) | null;
  /** Sees every named output, of blocks and of weights; it must not keep the tensor itself. */
  readonly observe: ((name: string, output: tf.Tensor) => void) | null;
}

/**
 * One encoder or decoder block of config G.
 *
 * @param x   [N, H, W, block.inChannels], in the decoder with the skip connection already joined
 * @param emb embedding after its activation, [N, embChannels] or [1, embChannels]
 * @returns   [N, H', W', block.outChannels]
 *
 * Source: arXiv:2312.02696, Fig. 21.
 */
export function runBlock(
  plan: BlockPlan,
  config: Pick<NetworkConfig, 'resBalance' | 'attnBalance' | 'clipAct'>,
  { parameters, drop, observe }: Forward,
  x: tf.Tensor4D,
  emb: tf.Tensor2D,
): tf.Tensor4D {
  const { name, flavor, heads } = plan;
  const weight = (part: string): tf.Tensor4D => parameters[`${name}.${part}.weight`] as tf.Tensor4D;
  const seen = <T extends tf.Tensor>(part: string, output: T): T => {
    observe?.(`${name}.${part}`, output);
    return output;
  };
  const conv = (part: string, input: tf.Tensor4D): tf.Tensor4D => seen(part, mpConv2d(input, weight(part)));
  const changesWidth = plan.inChannels !== plan.outChannels;

  return tf.tidy(() => {
    // Main path. Only encoder blocks normalise it; both branches see the result.
    x = resample(x, plan.resample);
    if (flavor === 'enc') {
      if (changesWidth) x = conv('conv_skip', x);
      x = pixelNorm(x);
    }

    // Residual branch, modulated by the embedding.
    let y = conv('conv_res0', mpSilu(x));
    const gain = parameters[`${name}.emb_gain`] as tf.Scalar;
    const linear = parameters[`${name}.emb_linear.weight`] as tf.Tensor2D;
    const c = tf.add(seen('emb_linear', mpLinear(emb, linear, gain)), 1); // [N, Cout]
    y = mpSilu(tf.mul(y, tf.reshape(c, [-1, 1, 1, plan.outChannels])));
    if (drop !== null) y = drop(y, name);
    y = conv('conv_res1', y);

    // Join the branches.
    if (flavor === 'dec' && changesWidth) x = conv('conv_skip', x);
    x = mpSum(x, y, config.resBalance);

    if (heads > 0) {
      const qkv = seen('attn_qkv', tf.conv2d(x, sortedQkvWeight(weight('attn_qkv')), 1, 'same'));
      x = mpSum(x, conv('attn_proj', attend(qkv, heads)), config.attnBalance);
    }
    if (config.clipAct !== null) x = clip(x, config.clipAct);
    observe?.(name, x);
    return x;
  });
}

/** Clips to ±limit. Written out, the gradient needs only the output: it is 0 where that touches the limit. */
function clip(x: tf.Tensor4D, limit: number): tf.Tensor4D {
  return customGradient(
    x,
    (x) => {
      const y = tf.clipByValue(x, -limit, limit);
      return { value: y, saved: [y] };
    },
    (dy, [y]) => tf.mul(dy, tf.cast(tf.less(tf.abs(y), limit), 'float32')),
  );
}

/**
 * Dropout: keeps each activation with probability 1 − rate, and scales what is kept by 1 / (1 − rate).
 *
 * @param uniform numbers in [0, 1), of the shape of `x`
 */
export function dropout(x: tf.Tensor4D, rate: number, uniform: tf.Tensor): tf.Tensor4D {
  return tf.tidy(() => tf.mul(x, tf.div(tf.cast(tf.greaterEqual(uniform, rate), 'float32'), 1 - rate)));
}
