import * as tf from '@tensorflow/tfjs-core';

/** Where layers get their weights as they use them: normalised, scaled, sorted. */
export interface WeightSource {
  /**
   * @param layer   name of the layer, without ".weight"
   * @param prepare makes them from the parameters
   */
  readonly inUse: <T extends tf.Tensor>(layer: string, prepare: () => T) => T;
}

/** Training: weights change, so they are prepared each time, and gradients flow through that. */
export const freshWeights: WeightSource = { inUse: (_layer, prepare) => prepare() };

/** Weights that were prepared once, by layer. Sampling does not change them. */
export type PreparedWeights = Readonly<Record<string, tf.Tensor>>;

export function preparedWeights(prepared: PreparedWeights): WeightSource {
  return { inUse: (layer) => prepared[layer] as never };
}

/**
 * Notes what layers prepare.
 *
 * @param prepared is filled; its tensors outlive every `tf.tidy` and belong to the caller
 */
export function collectWeights(prepared: Record<string, tf.Tensor>): WeightSource {
  return {
    inUse: (layer, prepare) => {
      const weights = prepare();
      prepared[layer] = tf.keep(weights.clone());
      return weights;
    },
  };
}
