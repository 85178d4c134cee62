import * as tf from '@tensorflow/tfjs-core';
import type { BlockPlan } from '../../../contract/architecture.ts';
import { layerScope } from '../../../contract/profile.ts';
import { addAttention, attentionLayers } from './attention.ts';
import { clip, conditionLayer, modulate } from './block.ts';
import { fixedFunctions } from './fixed-functions.ts';
import { namedGroupNorm } from './group-norm.ts';
import { learnedLayers, type Layer } from './layers.ts';
import { resample } from './resample.ts';
import type { BlockConfig, Forward } from '../tensors/types.ts';

function layersOf({ name, inChannels, outChannels, resample }: BlockPlan) {
  return {
    res0: { name: `${name}.conv_res0`, kind: resample === 'up' ? 'up' : 'conv' },
    res1: { name: `${name}.conv_res1`, kind: 'conv' },
    /** null: the width stays. */
    skip: inChannels === outChannels ? null : { name: `${name}.conv_skip`, kind: 'conv' },
  } satisfies Record<string, Layer | null>;
}

/** All of them, those of its attention included. */
export function groupNormBlockLayers(plan: BlockPlan, config: BlockConfig): Layer[] {
  const { res0, res1, skip } = layersOf(plan);
  return [res0, conditionLayer(plan), res1, ...(skip === null ? [] : [skip]), ...attentionLayers(plan, config)];
}

/**
 * One encoder or decoder block of configs A to E, which differ from F and G in order: group norms stand before each
 * activation of the residual branch, both branches resample for themselves, and the 1×1 convolution ends the main path.
 *
 * Arguments and result as of `runBlock`.
 *
 * Source: arXiv:2312.02696, Fig. 16 to 20.
 */
export function runGroupNormBlock(
  plan: BlockPlan,
  config: BlockConfig,
  forward: Forward,
  x: tf.Tensor4D,
  condition: tf.Tensor4D,
): tf.Tensor4D {
  const { name } = plan;
  const { drop, observe } = forward;
  const { activation, sum } = fixedFunctions(config.switches);
  const layers = layersOf(plan);
  const { conv } = learnedLayers(forward);
  return tf.tidy(layerScope('network', name), () => {
    // Residual branch, modulated by the embedding.
    let y = activation(namedGroupNorm(forward, `${name}.norm0`, x));
    y = conv(layers.res0, plan.resample === 'up' ? y : resample(y, plan.resample));
    y = namedGroupNorm(forward, `${name}.norm1`, y);
    y = activation(modulate(y, condition));
    if (drop !== null) y = drop(y, name);
    y = conv(layers.res1, y);

    // Main path.
    x = resample(x, plan.resample);
    if (layers.skip !== null) x = conv(layers.skip, x);
    x = sum(x, y, config.resBalance);

    if (plan.heads > 0) x = addAttention(plan, config, forward, x);
    if (config.clipAct !== null) x = clip(x, config.clipAct);
    observe?.(name, x);
    return x;
  });
}
