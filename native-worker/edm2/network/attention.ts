import * as tf from '@tensorflow/tfjs-core';
import { normalize } from './normalize.ts';
import { fullPrecision } from '../tensors/precision.ts';

/**
 * Self-attention over all pixels. Cosine attention normalises queries, keys and values per head, so that the logits are
 * sqrt(C) times the cosine of their angle (C channels a head); A and B take them as they are.
 *
 * @param qkv    output of the 1×1 convolution `attn_qkv` with filters sorted by `sortQkv`, [N, H, W, 3·heads·C]
 * @param heads  number of heads
 * @param cosine whether to normalise
 * @param precision of the two products
 * @returns      the heads' outputs side by side, [N, H, W, heads·C]
 *
 * Source: arXiv:2312.02696, Sec. B.3 and Fig. 21.
 */
export function attend(qkv: tf.Tensor4D, heads: number, cosine = true, { activations } = fullPrecision): tf.Tensor4D {
  const [n, h, w, width] = qkv.shape;
  const channels = width / (3 * heads);
  const pixels = h * w;
  return tf.tidy(() => {
    const raw = tf.reshape<tf.Rank.R5>(qkv, [n, pixels, 3, heads, channels]);
    // The factor of the logits goes into the norms of the queries, of which there are fewer than of their numbers.
    const factor = 1 / Math.sqrt(channels);
    const vectors = cosine ? normalize(raw, [4], tf.tensor3d([factor, 1, 1], [3, 1, 1])) : raw;
    // One transposition, after which the three lie one behind the other.
    const sorted = tf.transpose(vectors, [2, 0, 3, 1, 4]);
    const [q, k, v] = tf.unstack(sorted) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D]; // [N, heads, pixels, C]
    const scaled = cosine ? q : tf.mul(q, factor);
    const logits = tf.matMul(activations(scaled), activations(k), false, true); // [N, heads, pixels, pixels]
    const mixed = tf.matMul<tf.Tensor4D>(activations(tf.softmax(logits)), activations(v)); // [N, heads, pixels, C]
    return tf.reshape(heads === 1 ? mixed : tf.transpose(mixed, [0, 2, 1, 3]), [n, h, w, heads * channels]);
  });
}

/**
 * Sorts what belongs to the outputs of `attn_qkv`, its filters or its biases, so that the outputs stand as [q | k | v],
 * each [heads, C]. Official files (and so our stored weights) interleave them: output (head · C + channel) · 3 +
 * {0: q, 1: k, 2: v}. Sorting the filters is cheaper than sorting what they put out.
 *
 * @param x filters [1, 1, Cin, 3·heads·C] or biases [3·heads·C]
 */
export function sortQkv<T extends tf.Tensor>(x: T): T {
  const width = x.shape.at(-1)!;
  return tf.tidy(() =>
    tf.reshape(tf.transpose(tf.reshape(x, [x.size / width, width / 3, 3]), [0, 2, 1]), x.shape),
  ) as T;
}
