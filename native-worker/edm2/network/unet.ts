import * as tf from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import { layerScope } from '../../../contract/profile.ts';
import { blockLayers, conditionsOf, runBlock } from './block.ts';
import { embed, embeddingLayers } from './embedding.ts';
import { fixedFunctions } from './fixed-functions.ts';
import { namedGroupNorm } from './group-norm.ts';
import { groupNormBlockLayers, runGroupNormBlock } from './group-norm-block.ts';
import { learnedLayers, type Layer } from './layers.ts';
import type { Buffers, Forward } from '../tensors/types.ts';

const output: Layer = { name: 'unet.out_conv', kind: 'conv', gain: 'unet.out_gain' };

function inputLayer({ encoder: [{ name }] }: NetworkPlan): Layer {
  return { name, kind: 'conv' };
}

/** The layers of the raw network. */
export function unetLayers(plan: NetworkPlan): Layer[] {
  const { config, encoder, decoder } = plan;
  const [, ...encoderBlocks] = encoder;
  const layersOf = config.switches.groupNorm === 'none' ? blockLayers : groupNormBlockLayers;
  const blocks = [...encoderBlocks, ...decoder].flatMap((block) => layersOf(block, config));
  return [...embeddingLayers, inputLayer(plan), ...blocks, output];
}

/**
 * The raw network F.
 *
 * @param x      preconditioned pictures, [N, R, R, channels]
 * @param cNoise ln(σ)/4, [N] or [1]
 * @param labels one-hot classes, [N, labelDim]; null: no classes given
 * @returns      [N, R, R, channels]
 *
 * Source: arXiv:2312.02696, Fig. 21 and 22; Fig. 16 to 20 for configs A to E.
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
  const { conv } = learnedLayers(forward);
  const { activation, concat } = fixedFunctions(switches);
  const run = switches.groupNorm === 'none' ? runBlock : runGroupNormBlock;
  return tf.tidy(layerScope('network', 'unet'), () => {
    const [, ...encoder] = plan.encoder;
    const emb = embed(plan, buffers, forward, cNoise, labels);
    const conditions = conditionsOf([...encoder, ...plan.decoder], forward, emb);

    // Encoder: every output is a skip connection.
    let h = conv(inputLayer(plan), switches.biases ? x : withOnes(x));
    const skips = [h];
    for (const [index, block] of encoder.entries()) {
      h = run(block, config, forward, h, conditions[index]!);
      skips.push(h);
    }

    for (const [index, block] of plan.decoder.entries()) {
      if (block.skipChannels > 0) h = concat(h, skips.pop()!, config.concatBalance);
      h = run(block, config, forward, h, conditions[encoder.length + index]!);
    }

    if (switches.groupNorm !== 'none') h = activation(namedGroupNorm(forward, 'unet.out_norm', h));
    return forward.precision.restore(conv(output, h));
  });
}

/** A channel of ones, the last, stands in for biases. */
function withOnes(x: tf.Tensor4D): tf.Tensor4D {
  const [n, h, w] = x.shape;
  return tf.concat<tf.Tensor4D>([x, tf.ones<tf.Rank.R4>([n, h, w, 1])], 3);
}
