import * as tf from '@tensorflow/tfjs-core';
import { layerScope } from '../../../contract/profile.ts';
import { denoise, logVariance, type ReadyNetwork } from '../network/precondition.ts';
import { fullPrecision, type Precision } from '../tensors/precision.ts';
import { meanOfSides, ofEachPicture, type NoisyBatch } from './gradients.ts';
import { elementLoss, weightedError } from './loss.ts';
import { forwardMeter } from './measure-forward.ts';

/** How well a network does on some pictures. The tensors belong to the caller. */
export interface Evaluation {
  /** `PerImage` in its order, [4, N]. */
  readonly perImage: tf.Tensor2D;
  /** The forward pass, by `forwardSegments`. */
  readonly forward: tf.Tensor1D;
}

/**
 * The loss of a network on some pictures, without dropout, and what its forward pass is measured by.
 *
 * @param sides parts of the batch that are computed side by side (`sidesFor`); must divide it
 */
export function evaluate(
  network: ReadyNetwork,
  batch: NoisyBatch,
  precision: Precision = fullPrecision,
  sides = 1,
): Evaluation {
  if (sides === 1) return evaluateSide(network, batch, precision);
  return tf.tidy(layerScope('network', 'loss'), () => {
    const parts = (x: tf.Tensor): tf.Tensor[] => tf.split(x, sides);
    const [images, labels, sigma, noise] = [batch.images, batch.labels, batch.sigma, batch.noise].map(
      (x) => x && parts(x),
    );
    const evaluations = Array.from({ length: sides }, (_, side) => {
      const part = { images: images![side], labels: labels?.[side] ?? null, sigma: sigma![side], noise: noise![side] };
      return evaluateSide(network, part as NoisyBatch, precision);
    });
    const result: Evaluation = {
      perImage: tf.concat(
        evaluations.map(({ perImage }) => perImage),
        1,
      ),
      forward: meanOfSides(evaluations.map(({ forward }) => forward)),
    };
    return result as Evaluation & tf.TensorContainerObject;
  });
}

function evaluateSide(
  network: ReadyNetwork,
  { images, labels, sigma, noise }: NoisyBatch,
  precision: Precision,
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
