import * as tf from '@tensorflow/tfjs-core';
import { denoise, type Network } from '../network/precondition.ts';
import { collectWeights, type PreparedWeights } from '../network/prepared-weights.ts';

/** A network for sampling: nothing is normalised any more, gains and constants are part of the weights. */
export interface FoldedNetwork extends Network {
  /** Weights as the layers use them. */
  readonly weights: PreparedWeights;
}

/**
 * Computes the weights of a network as its layers use them, once and for all: sampling does not change them. Training
 * must not do so (see `forceNormalize`).
 *
 * @param network stays the caller's; the result shares its buffers, and what of its parameters goes into no weight (biases,
 *   scales and shifts of group norms)
 * @returns       `weights` are the caller's
 *
 * Source: arXiv:2312.02696, Eq. 47.
 */
export function foldWeights({ plan, parameters, buffers }: Network): FoldedNetwork {
  const { resolution, channels } = plan.shape;
  const weights: Record<string, tf.Tensor> = {};
  // The layers say themselves what they use; one picture is enough to ask them all.
  tf.tidy(() => {
    const picture = tf.zeros<tf.Rank.R4>([1, resolution, resolution, channels]);
    denoise({ plan, parameters, buffers }, picture, tf.tensor1d([1]), null, { weights: collectWeights(weights) });
  });
  const rest = plan.parameters.filter(({ role }) => role !== 'weight' && role !== 'gain').map(({ name }) => name);
  return { plan, parameters: Object.fromEntries(rest.map((name) => [name, parameters[name]!])), buffers, weights };
}
