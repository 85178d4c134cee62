import * as tf from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import { AppError } from '../../../contract/errors.ts';
import { layerScope } from '../../../contract/profile.ts';
import { fourier, mpFourier } from './embedding.ts';
import { learnedLayers, type Layer } from './layers.ts';
import { fullPrecision } from '../tensors/precision.ts';
import { runUnet, unetLayers } from './unet.ts';
import type { Buffers, Forward, Parameters } from '../tensors/types.ts';

/** A network with its parameters as the layers use them (`ready`). */
export interface ReadyNetwork {
  readonly plan: NetworkPlan;
  readonly inUse: Parameters;
  readonly buffers: Buffers;
}

/** What training adds to a forward pass. */
export type ForwardOptions = Partial<Pick<Forward, 'drop' | 'observe' | 'precision'>>;

const logVarianceLayer: Layer = { name: 'logvar_linear', kind: 'linear' };

/** All layers that learn, that of u(σ) included, whether the network has it or not. */
export function networkLayers(plan: NetworkPlan): Layer[] {
  return [...unetLayers(plan), logVarianceLayer];
}

/**
 * The denoiser: D(x; σ) = c_skip x + c_out F(c_in x; c_noise).
 *
 * @param x      noisy pictures, float32 [N, R, R, channels]
 * @param sigma  noise levels, [N], or [1] for all pictures
 * @param labels one-hot classes, [N, labelDim]; null: none
 * @returns      estimates of the clean pictures, [N, R, R, channels]; the caller disposes it
 * @throws {AppError} 'shape' if the pictures do not fit the network
 *
 * Source: EDM, arXiv:2206.00364, Eq. 7 and Table 1.
 */
export function denoise(
  { plan, inUse, buffers }: ReadyNetwork,
  x: tf.Tensor4D,
  sigma: tf.Tensor1D,
  labels: tf.Tensor2D | null,
  { drop = null, observe = null, precision = fullPrecision }: ForwardOptions = {},
): tf.Tensor4D {
  const { resolution, channels, labelDim } = plan.shape;
  if (x.shape[1] !== resolution || x.shape[2] !== resolution || x.shape[3] !== channels) {
    throw new AppError(
      'shape',
      `denoise: pictures [${x.shape}] do not fit a network for ${resolution}×${resolution}×${channels}`,
    );
  }
  if (labels !== null && labels.shape[1] !== labelDim) {
    throw new AppError('shape', `denoise: labels [${labels.shape}] do not fit a network of ${labelDim} classes`);
  }
  return tf.tidy(layerScope('network', 'precondition'), () => {
    const { cSkip, cOut, cIn, cNoise } = coefficients(sigma, plan.config.sigmaData);
    const forward = { inUse, drop, observe, precision };
    const raw = runUnet(plan, buffers, forward, tf.mul(x, cIn), cNoise, labels);
    observe?.('unet', raw);
    return tf.add(tf.mul(x, cSkip), tf.mul(raw, cOut));
  });
}

/**
 * u(σ), the learned logarithm of the expected loss at a noise level, of a network that has it (`switches.uncertainty`).
 *
 * @param sigma [N]
 * @returns     [N, 1, 1, 1]; the caller disposes it
 *
 * Source: arXiv:2312.02696, Eq. 21.
 */
export function logVariance(
  { plan, inUse, buffers }: ReadyNetwork,
  sigma: tf.Tensor1D,
  { observe = null }: ForwardOptions = {},
): tf.Tensor4D {
  const { switches } = plan.config;
  const features = switches.noiseFeatures === 'mp-fourier' ? mpFourier : fourier;
  const { linear } = learnedLayers({ inUse, observe });
  return tf.tidy(layerScope('network', 'logvar'), () => {
    const [freqs, phases] = [buffers['logvar_fourier.freqs']!, buffers['logvar_fourier.phases']!];
    return tf.reshape(linear(logVarianceLayer, features(cNoiseOf(sigma), freqs, phases)), [-1, 1, 1, 1]);
  });
}

/**
 * c_skip = σ_d²/(σ² + σ_d²), c_out = σ σ_d/√(σ² + σ_d²) and c_in = 1/√(σ² + σ_d²) as [N, 1, 1, 1]; c_noise = ln(σ)/4 as [N].
 *
 * Source: EDM, arXiv:2206.00364, Table 1.
 */
export function coefficients(
  sigma: tf.Tensor1D,
  sigmaData: number,
): { cSkip: tf.Tensor4D; cOut: tf.Tensor4D; cIn: tf.Tensor4D; cNoise: tf.Tensor1D } {
  const s = tf.reshape<tf.Rank.R4>(sigma, [-1, 1, 1, 1]);
  const variance = tf.add<tf.Tensor4D>(tf.square(s), sigmaData ** 2); // of the noisy picture
  const cIn = tf.rsqrt<tf.Tensor4D>(variance);
  return {
    cSkip: tf.div(sigmaData ** 2, variance),
    cOut: tf.mul(tf.mul(s, sigmaData), cIn),
    cIn,
    cNoise: cNoiseOf(sigma),
  };
}

/** c_noise = ln(σ)/4. */
function cNoiseOf(sigma: tf.Tensor1D): tf.Tensor1D {
  return tf.div(tf.log(sigma), 4);
}
