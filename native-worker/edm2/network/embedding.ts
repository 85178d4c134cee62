import * as tf from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import { fixedFunctions } from './fixed-functions.ts';
import { fourier, mpFourier } from './fourier.ts';
import { learnedLayers } from './learned-layers.ts';
import { positionalFeatures } from './positional.ts';
import type { Buffers, Forward } from '../tensors/types.ts';

/**
 * The embedding of noise level and class, after its last activation, which serves all blocks.
 *
 * A class-conditional network that is given no classes sees a class term of zero; the factor of the sum stays.
 * An unconditional network has neither class embedding nor sum.
 *
 * @param cNoise ln(σ)/4, [N] or [1]
 * @param labels one-hot classes, [N, labelDim]; null: none
 * @returns      [N, embChannels], or [1, embChannels] if there is one noise level and no class
 *
 * Source: arXiv:2312.02696, Fig. 16 to 22.
 */
export function embed(
  plan: NetworkPlan,
  buffers: Buffers,
  forward: Forward,
  cNoise: tf.Tensor1D,
  labels: tf.Tensor2D | null,
): tf.Tensor2D {
  const { ladder, labelBalance } = plan.config;
  const { labelDim } = plan.shape;
  const { linear } = learnedLayers(forward, ladder);
  const { silu, sum } = fixedFunctions(ladder);
  return tf.tidy(() => {
    let emb = linear('unet.emb_noise', noiseFeatures(plan, buffers, cNoise));
    if (ladder.embeddingLayers === 2) emb = linear('unet.emb_second', silu(emb));
    if (labelDim > 0) {
      // One-hot vectors have magnitude 1/sqrt(labelDim). A and B leave it so.
      const scale = ladder.weightInit === 'uniform-zero' ? 1 : Math.sqrt(labelDim);
      const classes = tf.mul<tf.Tensor2D>(labels ?? tf.zeros<tf.Rank.R2>([1, labelDim]), scale);
      emb = sum(emb, linear('unet.emb_label', classes), labelBalance);
    }
    return silu(emb);
  });
}

/** Features of c_noise that the embedding starts from, [N, noiseChannels]. */
function noiseFeatures({ config, noiseChannels }: NetworkPlan, buffers: Buffers, cNoise: tf.Tensor1D): tf.Tensor2D {
  const kind = config.ladder.noiseFeatures;
  if (kind === 'positional') return positionalFeatures(cNoise, noiseChannels);
  const features = kind === 'fourier' ? fourier : mpFourier;
  return features(cNoise, buffers['unet.emb_fourier.freqs']!, buffers['unet.emb_fourier.phases']!);
}
