import * as tf from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../contract/architecture.ts';
import { runBlock } from './block.ts';
import type { Forward } from './block.ts';
import { mpFourier } from './fourier.ts';
import { mpCat, mpSum } from './mp-join.ts';
import { mpConv2d, mpLinear } from './mp-layers.ts';
import { mpSilu } from './mp-silu.ts';
import type { Buffers } from './types.ts';

/**
 * The raw network F of config G.
 *
 * @param x      preconditioned pictures, [N, R, R, channels]
 * @param cNoise ln(σ)/4, [N] or [1]
 * @param labels one-hot classes, [N, labelDim]; null: no classes given
 * @returns      [N, R, R, channels]
 *
 * Source: arXiv:2312.02696, Fig. 21.
 */
export function runUnet(
  plan: NetworkPlan,
  buffers: Buffers,
  forward: Forward,
  x: tf.Tensor4D,
  cNoise: tf.Tensor1D,
  labels: tf.Tensor2D | null,
): tf.Tensor4D {
  const { config } = plan;
  const { parameters, observe } = forward;
  return tf.tidy(() => {
    const emb = embed(plan, buffers, forward, cNoise, labels);

    // Encoder: every output is a skip connection. A channel of ones, the last, stands in for biases.
    const [input, ...encoder] = plan.encoder;
    const ones = tf.ones<tf.Rank.R4>([x.shape[0], x.shape[1], x.shape[2], 1]);
    let h = mpConv2d(tf.concat<tf.Tensor4D>([x, ones], 3), parameters[`${input.name}.weight`] as tf.Tensor4D);
    observe?.(input.name, h);
    const skips = [h];
    for (const block of encoder) {
      h = runBlock(block, config, forward, h, emb);
      skips.push(h);
    }

    for (const block of plan.decoder) {
      if (block.skipChannels > 0) h = mpCat(h, skips.pop()!, config.concatBalance);
      h = runBlock(block, config, forward, h, emb);
    }

    const output = mpConv2d(
      h,
      parameters['unet.out_conv.weight'] as tf.Tensor4D,
      parameters['unet.out_gain'] as tf.Scalar,
    );
    observe?.('unet.out_conv', output);
    return output;
  });
}

/**
 * The embedding of noise level and class, after its one activation, which serves all blocks.
 *
 * A class-conditional network that is given no classes sees a class term of zero; the factor of the sum stays.
 * An unconditional network has neither class embedding nor sum.
 *
 * @returns [N, embChannels], or [1, embChannels] if there is one noise level and no class
 */
function embed(
  plan: NetworkPlan,
  buffers: Buffers,
  { parameters, observe }: Forward,
  cNoise: tf.Tensor1D,
  labels: tf.Tensor2D | null,
): tf.Tensor2D {
  const { labelDim } = plan.shape;
  return tf.tidy(() => {
    const features = mpFourier(cNoise, buffers['unet.emb_fourier.freqs']!, buffers['unet.emb_fourier.phases']!);
    let emb = mpLinear(features, parameters['unet.emb_noise.weight'] as tf.Tensor2D);
    observe?.('unet.emb_noise', emb);
    if (labelDim > 0) {
      // One-hot vectors have magnitude 1/sqrt(labelDim).
      const classes = tf.mul<tf.Tensor2D>(labels ?? tf.zeros<tf.Rank.R2>([1, labelDim]), Math.sqrt(labelDim));
      const term = mpLinear(classes, parameters['unet.emb_label.weight'] as tf.Tensor2D);
      observe?.('unet.emb_label', term);
      emb = mpSum(emb, term, plan.config.labelBalance);
    }
    return mpSilu(emb);
  });
}
