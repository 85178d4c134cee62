import * as tf from '@tensorflow/tfjs-core';
import { layerScope } from '../../../contract/profile.ts';
import { denoise, logVariance, type ReadyNetwork } from '../network/precondition.ts';
import { fullPrecision, type Precision } from '../tensors/precision.ts';
import { ofEachPicture, type NoisyBatch } from './gradients.ts';
import { elementLoss, weightedError } from './loss.ts';
import { forwardMeter } from './measure-forward.ts';

/** How well a network does on some pictures. The tensors belong to the caller. */
export interface Evaluation {
  /** `PerImage` in its order, [4, N]. */
  readonly perImage: tf.Tensor2D;
  /** The forward pass, by `forwardSegments`. */
  readonly forward: tf.Tensor1D;
}

/** The loss of a network on some pictures, without dropout, and what its forward pass is measured by. */
export function evaluate(
  network: ReadyNetwork,
  { images, labels, sigma, noise }: NoisyBatch,
  precision: Precision = fullPrecision,
): Evaluation {
  const { plan } = network;
  const { sigmaData, switches } = plan.config;
  return tf.tidy(layerScope('network', 'loss'), () => {
    const meter = forwardMeter(plan, precision);
    const input = tf.add<tf.Tensor4D>(images, tf.mul(noise, tf.reshape(sigma, [-1, 1, 1, 1])));
    const denoised = denoise(network, input, sigma, labels, { precision, observe: meter.observe });
    const u = switches.uncertainty ? logVariance(network, sigma) : null;
    const loss = elementLoss(denoised, images, sigma, u, sigmaData);
    const error = weightedError(denoised, images, sigma, sigmaData);
    const result: Evaluation = { perImage: ofEachPicture(loss, error, sigma, u), forward: meter.means() };
    return result as Evaluation & tf.TensorContainerObject;
  });
}
