import * as tf from '@tensorflow/tfjs-core';
import type { BlockPlan } from '../../../contract/architecture.ts';
import { layerScope } from '../../../contract/profile.ts';
import { fixedFunctions } from './fixed-functions.ts';
import { namedGroupNorm } from './group-norm.ts';
import { learnedLayers, type Layer } from './layers.ts';
import { normalize } from './normalize.ts';
import { fullPrecision } from '../tensors/precision.ts';
import type { BlockConfig, Forward } from '../tensors/types.ts';

function layersOf({ name }: BlockPlan, config: BlockConfig) {
  const [, branch] = fixedFunctions(config.switches).sumWeights(config.attnBalance);
  return {
    qkv: { name: `${name}.attn_qkv`, kind: 'qkv' },
    proj: { name: `${name}.attn_proj`, kind: 'conv', outputScale: branch },
  } satisfies Record<string, Layer>;
}

/** The layers of a block's attention, if it has any; the last bears its constant of the sum after it. */
export function attentionLayers(plan: BlockPlan, config: BlockConfig): Layer[] {
  return plan.heads > 0 ? Object.values(layersOf(plan, config)) : [];
}

/**
 * Joins a block's output with self-attention over its pixels: a group norm before it bounds the logits in A and B,
 * normalised queries, keys and values do so from C on.
 *
 * @param x [N, H, W, C]
 *
 * Source: arXiv:2312.02696, Sec. B.3 and Fig. 16 to 22.
 */
export function addAttention(plan: BlockPlan, config: BlockConfig, forward: Forward, x: tf.Tensor4D): tf.Tensor4D {
  const [main] = fixedFunctions(config.switches).sumWeights(config.attnBalance);
  const { qkv, proj } = layersOf(plan, config);
  const { conv } = learnedLayers(forward);
  const cosine = config.switches.attentionNorm === 'cosine';
  return tf.tidy(layerScope('network', `${plan.name}.attn`), () => {
    const input = cosine ? x : namedGroupNorm(forward, `${plan.name}.attn_norm`, x);
    const { observe, precision } = forward;
    const look = observe && ((what: string, output: tf.Tensor) => observe(`${plan.name}.attn_${what}`, output));
    const mixed = attend(conv(qkv, input), plan.heads, cosine, precision, look);
    const y = conv(proj, mixed);
    return tf.add(main === 1 ? x : tf.mul(x, main), y);
  });
}

/**
 * Self-attention over all pixels. Cosine attention normalises queries, keys and values per head, so that the logits are
 * sqrt(C) times the cosine of their angle (C channels a head); A and B take them as they are.
 *
 * @param qkv    output of the 1×1 convolution `attn_qkv` with filters sorted by `sortQkv`, [N, H, W, 3·heads·C]
 * @param heads  number of heads
 * @param cosine whether to normalise
 * @param precision of the two products
 * @param observe sees the logits ('logits') and their softmax ('weights'), [N, heads, pixels, pixels] each
 * @returns      the heads' outputs side by side, [N, H, W, heads·C]
 *
 * Source: arXiv:2312.02696, Sec. B.3 and Fig. 21.
 */
export function attend(
  qkv: tf.Tensor4D,
  heads: number,
  cosine = true,
  { activations } = fullPrecision,
  observe: Forward['observe'] = null,
): tf.Tensor4D {
  const [n, h, w, width] = qkv.shape;
  const channels = width / (3 * heads);
  const pixels = h * w;
  return tf.tidy(() => {
    const raw = tf.reshape<tf.Rank.R5>(qkv, [n, pixels, 3, heads, channels]);
    // 1/√C is applied by giving queries that magnitude: there are fewer norms than numbers.
    const factor = 1 / Math.sqrt(channels);
    const vectors = cosine ? normalize(raw, [4], tf.tensor3d([factor, 1, 1], [3, 1, 1])) : raw;
    // One transposition, after which the three lie one behind the other.
    const sorted = tf.transpose(vectors, [2, 0, 3, 1, 4]);
    const [q, k, v] = tf.unstack(sorted) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D]; // [N, heads, pixels, C]
    const scaled = cosine ? q : tf.mul(q, factor);
    const logits = tf.matMul(activations(scaled), activations(k), false, true); // [N, heads, pixels, pixels]
    const weights = tf.softmax(logits);
    observe?.('logits', logits);
    observe?.('weights', weights);
    const mixed = tf.matMul<tf.Tensor4D>(activations(weights), activations(v)); // [N, heads, pixels, C]
    return tf.reshape(heads === 1 ? mixed : tf.transpose(mixed, [0, 2, 1, 3]), [n, h, w, heads * channels]);
  });
}
