import * as tf from '@tensorflow/tfjs-core';
import type { BlockPlan } from '../../../contract/architecture.ts';
import { layerScope } from '../../../contract/profile.ts';
import { addAttention } from './attention.ts';
import { fixedFunctions, silu } from './fixed-functions.ts';
import { learnedLayers } from './layers.ts';
import { pixelNorm } from './normalize.ts';
import { resample } from './resample.ts';
import { customGradient } from '../tensors/kernels.ts';
import type { BlockConfig, Forward } from '../tensors/types.ts';

/**
 * One encoder or decoder block of config G; in F the same with plain functions and no gain.
 *
 * @param x   [N, H, W, block.inChannels], in the decoder with the skip connection already joined
 * @param emb embedding after its activation, [N, embChannels] or [1, embChannels]
 * @returns   [N, H', W', block.outChannels]
 *
 * Source: arXiv:2312.02696, Fig. 21 and 22.
 */
export function runBlock(
  plan: BlockPlan,
  config: BlockConfig,
  forward: Forward,
  x: tf.Tensor4D,
  emb: tf.Tensor2D,
): tf.Tensor4D {
  const { name, flavor } = plan;
  const { drop, observe } = forward;
  const { siluGain, sumWeights } = fixedFunctions(config.switches);
  const { conv, linear } = learnedLayers(forward, config.switches);
  const changesWidth = plan.inChannels !== plan.outChannels;
  const up = plan.resample === 'up';
  // Convolutions bear the constants of the activations before them and of the sum after them.
  const [main, branch] = sumWeights(config.resBalance);

  return tf.tidy(layerScope('network', name), () => {
    // Main path. Only encoder blocks normalise it; both branches see the result.
    if (!up) x = resample(x, plan.resample);
    if (flavor === 'enc') {
      if (changesWidth) x = conv(`${name}.conv_skip`, x);
      x = pixelNorm(x);
    }

    // Residual branch, modulated by the embedding. Its activation is the same before upsampling as after.
    let y = conv(`${name}.conv_res0`, silu(x), { inputScale: siluGain, up });
    y = silu(modulate(y, linear(`${name}.emb_linear`, emb, { gain: `${name}.emb_gain` })));
    if (drop !== null) y = drop(y, name);
    y = conv(`${name}.conv_res1`, y, { inputScale: siluGain, outputScale: branch });

    // Join the branches. Decoder blocks that double the resolution keep their width.
    if (flavor === 'dec' && changesWidth) x = conv(`${name}.conv_skip`, x, { outputScale: main });
    else if (main !== 1) x = tf.mul(x, main);
    if (up) x = resample(x, plan.resample);
    x = tf.add(x, y);

    if (plan.heads > 0) x = addAttention(plan, config, forward, x);
    if (config.clipAct !== null) x = clip(x, config.clipAct);
    observe?.(name, x);
    return x;
  });
}

/**
 * Dropout: keeps each activation with probability 1 − rate, and scales what is kept by 1 / (1 − rate).
 *
 * @param uniform numbers in [0, 1), of the shape of `x`
 */
export function dropout(x: tf.Tensor4D, rate: number, uniform: tf.Tensor): tf.Tensor4D {
  return tf.tidy(() => tf.mul(x, tf.div(tf.cast(tf.greaterEqual(uniform, rate), 'float32'), 1 - rate)));
}

/**
 * Scales the channels of a residual branch by the conditioning: y · (scale + 1), and + shift in A and B.
 *
 * @param y         [N, H, W, C]
 * @param condition output of the block's `emb_linear`, [N or 1, C]: scales; or [N or 1, 2C]: scales, then shifts
 *
 * Source: arXiv:2312.02696, Fig. 16 to 22.
 */
export function modulate(y: tf.Tensor4D, condition: tf.Tensor2D): tf.Tensor4D {
  const channels = y.shape[3];
  const perPixel = (part: tf.Tensor2D): tf.Tensor4D => tf.reshape(part, [-1, 1, 1, channels]);
  return tf.tidy(() => {
    if (condition.shape[1] === channels) return tf.mul(y, perPixel(tf.add(condition, 1)));
    const [scale, shift] = tf.split(condition, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
    return tf.add(tf.mul(y, perPixel(tf.add(scale, 1))), perPixel(shift));
  });
}

/** Clips to ±limit. Written out, the gradient needs only the output: it is 0 where that touches the limit. */
export function clip(x: tf.Tensor4D, limit: number): tf.Tensor4D {
  return customGradient(
    x,
    (x) => {
      const y = tf.clipByValue(x, -limit, limit);
      return { value: y, saved: [y] };
    },
    (dy, [y]) => tf.mul(dy, tf.cast(tf.less(tf.abs(y), limit), 'float32')),
  );
}
