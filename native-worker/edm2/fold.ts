import * as tf from '@tensorflow/tfjs-core';
import { mpWeight } from './mp-layers.ts';
import type { Network } from './precondition.ts';
import type { Parameters } from './types.ts';

/**
 * The same network with its weights as they are used: of unit norm where the rung asks for that, times their gain. What
 * comes back computes the same without normalising anything and without gains, which is what sampling wants: weights do
 * not change there. Training must not do so (see `forceNormalize`).
 *
 * @returns new tensors for all parameters, which the caller disposes; buffers are shared
 *
 * Source: arXiv:2312.02696, Eq. 47.
 */
export function foldWeights({ plan, parameters, buffers }: Network): Network {
  const { ladder } = plan.config;
  const folded: Record<string, tf.Tensor> = {};
  for (const { name, role } of plan.parameters) {
    if (role === 'gain') continue;
    const stored = parameters[name]!;
    folded[name] = role === 'weight' ? inUse(stored, gainOf(name, parameters), ladder.weightNorm) : stored.clone();
  }
  const config = { ...plan.config, ladder: { ...ladder, weightNorm: 'none' as const, gains: false } };
  return {
    plan: { ...plan, config, parameters: plan.parameters.filter(({ role }) => role !== 'gain') },
    parameters: folded,
    buffers,
  };
}

function inUse(stored: tf.Tensor, gain: tf.Scalar | null, weightNorm: 'none' | 'on-use' | 'forced'): tf.Tensor {
  return tf.tidy(() => {
    if (weightNorm !== 'none') return mpWeight(stored, gain);
    return gain === null ? stored.clone() : tf.mul(stored, gain);
  });
}

/** A layer's gain is called as the layer, with "gain" for its last word: `emb_gain` of `emb_linear`, `out_gain` of `out_conv`. */
function gainOf(weight: string, parameters: Parameters): tf.Scalar | null {
  return (parameters[weight.replace(/[a-z0-9]+\.weight$/, 'gain')] as tf.Scalar | undefined) ?? null;
}
