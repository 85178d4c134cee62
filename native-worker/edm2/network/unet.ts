import * as tf from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import { layerScope } from '../../../contract/profile.ts';
import { runBlock } from './block.ts';
import { embed } from './embedding.ts';
import { fixedFunctions } from './fixed-functions.ts';
import { namedGroupNorm } from './group-norm.ts';
import { runGroupNormBlock } from './group-norm-block.ts';
import { learnedLayers } from './layers.ts';
import type { Buffers, Forward } from '../tensors/types.ts';

/**
 * The raw network F.
 *
 * @param x      preconditioned pictures, [N, R, R, channels]
 * @param cNoise ln(σ)/4, [N] or [1]
 * @param labels one-hot classes, [N, labelDim]; null: no classes given
 * @returns      [N, R, R, channels]
 *
 * Source: arXiv:2312.02696, Fig. 21; Fig. 16 to 20 for configs A to E.
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
  const { switches } = config;
  const { conv } = learnedLayers(forward, switches);
  const { silu, concat } = fixedFunctions(switches);
  const run = switches.groupNorm === 'none' ? runBlock : runGroupNormBlock;
  return tf.tidy(layerScope('network', 'unet'), () => {
    const emb = embed(plan, buffers, forward, cNoise, labels);

    // Encoder: every output is a skip connection.
    const [input, ...encoder] = plan.encoder;
    let h = conv(input.name, switches.biases ? x : withOnes(x));
    const skips = [h];
    for (const block of encoder) {
      h = run(block, config, forward, h, emb);
      skips.push(h);
    }

    for (const block of plan.decoder) {
      if (block.skipChannels > 0) h = concat(h, skips.pop()!, config.concatBalance);
      h = run(block, config, forward, h, emb);
    }

    if (switches.groupNorm !== 'none') h = silu(namedGroupNorm(forward, 'unet.out_norm', h));
    return forward.precision.restore(conv('unet.out_conv', h, { gain: 'unet.out_gain' }));
  });
}

/** A channel of ones, the last, stands in for biases. */
function withOnes(x: tf.Tensor4D): tf.Tensor4D {
  const [n, h, w] = x.shape;
  return tf.concat<tf.Tensor4D>([x, tf.ones<tf.Rank.R4>([n, h, w, 1])], 3);
}
