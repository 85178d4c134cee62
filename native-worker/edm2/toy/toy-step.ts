import * as tf from '@tensorflow/tfjs-core';
import type { TrainingConfig } from '../../../contract/training.ts';
import { elementLoss, trainingSigma } from '../training/loss.ts';
import { forceNormalize } from '../network/mp-layers.ts';
import { denoiseToy, TOY_SIGMA_DATA, toyLogVariance } from './toy-network.ts';
import { updateState } from '../training/train-step.ts';
import type { RandomSource, StepScalars, TrainState } from '../tensors/types.ts';
import { newTensors, type Updates } from '../training/updates.ts';

/**
 * An optimiser step of the toy network, as `trainStep` is one of a network of pictures: forced normalisation, noise,
 * loss and gradients, Adam, averages.
 *
 * @param points clean points, [N, 1, 1, 2]
 * @returns      a new state, and the mean of the loss over points and coordinates; they belong to the caller
 */
export function toyStep(
  training: TrainingConfig,
  { parameters, ...state }: TrainState,
  points: tf.Tensor4D,
  scalars: StepScalars,
  random: RandomSource,
  updates: Updates = newTensors,
): { readonly state: TrainState; readonly loss: tf.Scalar } {
  return tf.tidy(() => {
    const forced = forceNormalize(parameters);
    const count = points.shape[0];
    const sigma = trainingSigma(random.normal([count], 'sigma') as tf.Tensor1D, training.pMean, training.pStd);
    const noise = random.normal(points.shape, 'noise');
    const noisy = tf.add<tf.Tensor4D>(points, tf.mul(noise, tf.reshape(sigma, [-1, 1, 1, 1])));
    const names = Object.keys(forced);
    // Summed over a point's coordinates and averaged over the batch, as for pictures.
    const { value, grads } = tf.valueAndGrads(() => {
      const network = { parameters: forced, buffers: state.buffers };
      const u = toyLogVariance(network, sigma);
      const denoised = denoiseToy(network, noisy, sigma);
      return tf.div(tf.sum(elementLoss(denoised, points, sigma, u, TOY_SIGMA_DATA)), count);
    })(Object.values(forced));
    const gradients = Object.fromEntries(names.map((name, index) => [name, grads[index]!]));
    const next = updateState({ parameters, ...state }, forced, gradients, training, scalars, updates);
    const result = { state: next, loss: tf.div<tf.Scalar>(value, 2) };
    return result as typeof result & tf.TensorContainerObject;
  });
}
