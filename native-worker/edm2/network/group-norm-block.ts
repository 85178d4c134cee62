import * as tf from '@tensorflow/tfjs-core';
import type { BlockPlan } from '../../../contract/architecture.ts';
import { layerScope } from '../../../contract/profile.ts';
import { addAttention } from './attention.ts';
import { clip, modulate } from './block.ts';
import { fixedFunctions } from './fixed-functions.ts';
import { namedGroupNorm } from './group-norm.ts';
import { learnedLayers } from './layers.ts';
import { resample } from './resample.ts';
import type { BlockConfig, Forward } from '../tensors/types.ts';

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
  emb: tf.Tensor2D,
): tf.Tensor4D {
  const { name } = plan;
  const { drop, observe } = forward;
  const { silu, sum } = fixedFunctions(config.switches);
  const { conv, linear } = learnedLayers(forward, config.switches);
  return tf.tidy(layerScope('network', name), () => {
    // Residual branch, modulated by the embedding.
    let y = silu(namedGroupNorm(forward, `${name}.norm0`, x));
    const up = plan.resample === 'up';
    y = conv(`${name}.conv_res0`, up ? y : resample(y, plan.resample), { up });
    y = namedGroupNorm(forward, `${name}.norm1`, y);
    y = silu(modulate(y, linear(`${name}.emb_linear`, emb, { gain: `${name}.emb_gain` })));
    if (drop !== null) y = drop(y, name);
    y = conv(`${name}.conv_res1`, y);

    // Main path.
    x = resample(x, plan.resample);
    if (plan.inChannels !== plan.outChannels) x = conv(`${name}.conv_skip`, x);
    x = sum(x, y, config.resBalance);

    if (plan.heads > 0) x = addAttention(plan, config, forward, x);
    if (config.clipAct !== null) x = clip(x, config.clipAct);
    observe?.(name, x);
    return x;
  });
}
