import * as tf from '@tensorflow/tfjs-core';
import type { BlockPlan } from '../../../contract/architecture.ts';
import { layerScope } from '../../../contract/profile.ts';
import { addAttention, attentionLayers } from './attention.ts';
import { fixedFunctions, silu } from './fixed-functions.ts';
import { learnedLayers, type Layer } from './layers.ts';
import { pixelNorm } from './normalize.ts';
import { resample } from './resample.ts';
import { clipTo, customGradient } from '../tensors/kernels.ts';
import type { BlockConfig, Forward } from '../tensors/types.ts';

/** The layers of a block, each with the constants of the activation before it and of the sum after it. */
function layersOf({ name, flavor, inChannels, outChannels, resample }: BlockPlan, config: BlockConfig) {
  const { activationGain, sumWeights } = fixedFunctions(config.switches);
  const [main, branch] = sumWeights(config.resBalance);
  const skip: Layer = { name: `${name}.conv_skip`, kind: 'conv', outputScale: flavor === 'dec' ? main : 1 };
  return {
    res0: { name: `${name}.conv_res0`, kind: resample === 'up' ? 'up' : 'conv', inputScale: activationGain },
    res1: { name: `${name}.conv_res1`, kind: 'conv', inputScale: activationGain, outputScale: branch },
    /** null: the width stays. */
    skip: inChannels === outChannels ? null : skip,
  } satisfies Record<string, Layer | null>;
}

/** All of them, those of its attention included. */
export function blockLayers(plan: BlockPlan, config: BlockConfig): Layer[] {
  const { res0, res1, skip } = layersOf(plan, config);
  return [res0, conditionLayer(plan), res1, ...(skip === null ? [] : [skip]), ...attentionLayers(plan, config)];
}

/**
 * One encoder or decoder block of config G; in F the same with plain functions and no gain.
 *
 * @param x         [N, H, W, plan.inChannels], in the decoder with the skip connection already joined
 * @param condition of the block, by `conditionsOf`
 * @returns         [N, H', W', plan.outChannels]
 *
 * Source: arXiv:2312.02696, Fig. 21 and 22.
 */
export function runBlock(
  plan: BlockPlan,
  config: BlockConfig,
  forward: Forward,
  x: tf.Tensor4D,
  condition: tf.Tensor4D,
): tf.Tensor4D {
  const { name, flavor } = plan;
  const { drop, observe } = forward;
  const layers = layersOf(plan, config);
  const { conv } = learnedLayers(forward);
  const [main] = fixedFunctions(config.switches).sumWeights(config.resBalance);
  const up = plan.resample === 'up';

  return tf.tidy(layerScope('network', name), () => {
    // Main path. Only encoder blocks normalise it; both branches see the result.
    if (!up) x = resample(x, plan.resample);
    if (flavor === 'enc') {
      if (layers.skip !== null) x = conv(layers.skip, x);
      x = pixelNorm(x);
    }

    // Residual branch, modulated by the embedding. Its activation is the same before upsampling as after.
    let y = conv(layers.res0, silu(x));
    y = silu(modulate(y, condition));
    if (drop !== null) y = drop(y, name);
    y = conv(layers.res1, y);

    // Join the branches. Decoder blocks that double the resolution keep their width.
    if (flavor === 'dec' && layers.skip !== null) x = conv(layers.skip, x);
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

/** The layer that makes a block's condition of the embedding; with the gain of G (Eq. 104). */
export function conditionLayer({ name }: BlockPlan): Layer {
  return { name: `${name}.emb_linear`, kind: 'linear', gain: `${name}.emb_gain` };
}

/**
 * By what each block scales the channels of its residual branch, 1 + what its linear layer makes of the embedding; and, in
 * A and B, by what it shifts them. The layers of all blocks are one product.
 *
 * @param emb embedding after its activation, [N, embChannels] or [1, embChannels]
 * @returns   of each block [N or 1, 1, 1, C], or [N or 1, 1, 1, 2C]: factors, then shifts
 *
 * Source: arXiv:2312.02696, Fig. 16 to 22.
 */
export function conditionsOf(blocks: readonly BlockPlan[], forward: Forward, emb: tf.Tensor2D): tf.Tensor4D[] {
  const { linears } = learnedLayers(forward);
  return tf.tidy(layerScope('network', 'conditions'), () => {
    const { joined, widths } = linears(blocks.map(conditionLayer), emb);
    const ones = blocks.flatMap(({ outChannels }, index) =>
      Array.from({ length: widths[index]! }, (_, at) => (at < outChannels ? 1 : 0)),
    );
    const conditions = tf.reshape<tf.Rank.R4>(tf.add(joined, tf.tensor1d(ones)), [-1, 1, 1, ones.length]);
    // tfjs can't differentiate a split into one.
    const parts: tf.Tensor4D[] = widths.length === 1 ? [conditions] : tf.split(conditions, widths, 3);
    for (const [index, block] of blocks.entries()) observeCondition(forward, block, parts[index]!);
    return parts;
  });
}

/**
 * The layer's own output is told from the condition by taking the ones away again: who looked at the layers before the ones
 * are added would have a graph add up biases and ones in another order.
 */
function observeCondition({ observe }: Forward, block: BlockPlan, condition: tf.Tensor4D): void {
  if (observe === null) return;
  const ones = Array.from({ length: condition.shape[3] }, (_, at) => (at < block.outChannels ? 1 : 0));
  observe(conditionLayer(block).name, tf.reshape(tf.sub(condition, tf.tensor1d(ones)), [-1, ones.length]));
}

/** Scales the channels of a residual branch, [N, H, W, C], and shifts them in A and B. @param condition of `conditionsOf` */
export function modulate(y: tf.Tensor4D, condition: tf.Tensor4D): tf.Tensor4D {
  if (condition.shape[3] === y.shape[3]) return tf.mul(y, condition);
  return tf.tidy(() => {
    const [factor, shift] = tf.split(condition, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
    return tf.add(tf.mul(y, factor), shift);
  });
}

/** Clips to ±limit. Written out, the gradient needs only the output: it is 0 where that touches the limit. */
export function clip(x: tf.Tensor4D, limit: number): tf.Tensor4D {
  return customGradient(
    x,
    (x) => {
      const y = clipTo(x, limit) as tf.Tensor4D;
      return { value: y, saved: [y] };
    },
    (dy, [y]) => tf.where(tf.less(tf.abs(y), limit), dy, tf.zerosLike(dy)),
  );
}
