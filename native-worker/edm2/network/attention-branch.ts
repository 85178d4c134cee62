import * as tf from '@tensorflow/tfjs-core';
import type { BlockPlan } from '../../../contract/architecture.ts';
import { attend } from './attention.ts';
import { fixedFunctions } from './fixed-functions.ts';
import { namedGroupNorm } from './group-norm.ts';
import { learnedLayers } from './learned-layers.ts';
import type { BlockConfig, Forward } from '../tensors/types.ts';

/**
 * Joins a block's output with self-attention over its pixels: a group norm before it bounds the logits in A and B,
 * normalised queries, keys and values do so from C on.
 *
 * @param x [N, H, W, C]
 *
 * Source: arXiv:2312.02696, Sec. B.3 and Fig. 16 to 22.
 */
export function addAttention(
  { name, heads }: BlockPlan,
  config: BlockConfig,
  forward: Forward,
  x: tf.Tensor4D,
): tf.Tensor4D {
  const [main, branch] = fixedFunctions(config.ladder).sumWeights(config.attnBalance);
  const { conv, qkv } = learnedLayers(forward, config.ladder);
  const cosine = config.ladder.attentionNorm === 'cosine';
  return tf.tidy(() => {
    const input = cosine ? x : namedGroupNorm(forward, `${name}.attn_norm`, x);
    const mixed = attend(qkv(`${name}.attn_qkv`, input), heads, cosine, forward.precision);
    const y = conv(`${name}.attn_proj`, mixed, { outputScale: branch });
    return tf.add(main === 1 ? x : tf.mul(x, main), y);
  });
}
