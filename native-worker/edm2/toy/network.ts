import * as tf from '@tensorflow/tfjs-core';
import { rungs } from '../../../contract/ladder.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import { mpFourier } from '../network/embedding.ts';
import { mpSilu } from '../network/fixed-functions.ts';
import { forceNormalize, learnedLayers } from '../network/layers.ts';
import { coefficients } from '../network/precondition.ts';
import type { Buffers, Parameters, RandomSource, StepScalars, TrainState } from '../tensors/types.ts';
import { newTensors, type Updates } from '../training/adam.ts';
import { elementLoss, trainingSigma } from '../training/loss.ts';
import { freshState } from '../training/state.ts';
import { updateState } from '../training/step.ts';

/**
 * The small network of the 2D toy, built of config G's pieces: magnitude-preserving linear layers, gains that start at
 * zero, noise levels through Fourier features, EDM's preconditioning, a learned u(σ). A point is a picture of one pixel
 * with two channels, [N, 1, 1, 2], so that loss and sampler are those of pictures.
 */
export interface ToyNetwork {
  readonly parameters: Parameters;
  readonly buffers: Buffers;
}

/** Standard deviation of the data, per coordinate. */
export const TOY_SIGMA_DATA = 0.5;

const HIDDEN_LAYERS = 4;

/** Coordinates, and a channel of ones instead of biases. */
const INPUTS = 3;

const NOISE_FEATURES = 32;

/** Weights N(0, 1), gains 0, as in config G: it denoises to c_skip · x. @param width units of a hidden layer */
export function initialToy(width: number, averages: number, random: RandomSource): TrainState {
  const weight = (name: string, inputs: number, outputs: number): readonly [string, tf.Tensor] => [
    `${name}.weight`,
    random.normal([inputs, outputs], `init ${name}`),
  ];
  const layers = Array.from({ length: HIDDEN_LAYERS }, (_, layer) => [
    weight(`layer${layer}`, layer === 0 ? INPUTS : width, width),
    weight(`layer${layer}.noise`, width, width),
    [`layer${layer}.noise_gain`, tf.scalar(0)] as const,
  ]);
  const parameters = Object.fromEntries([
    weight('noise', NOISE_FEATURES, width),
    ...layers.flat(),
    weight('out', width, 2),
    ['out_gain', tf.scalar(0)] as const,
    weight('logvar', NOISE_FEATURES, 1),
  ]);
  const turns = (drawn: tf.Tensor): tf.Tensor1D => tf.mul(drawn, 2 * Math.PI);
  const buffers: Buffers = tf.tidy(() => ({
    freqs: turns(random.normal([NOISE_FEATURES], 'init freqs')),
    phases: turns(random.uniform([NOISE_FEATURES], 'init phases')),
  }));
  return freshState(parameters, buffers, averages);
}

/**
 * D(x; σ) = c_skip x + c_out F(c_in x; ln(σ)/4).
 *
 * @param x     noisy points, [N, 1, 1, 2]
 * @param sigma noise levels, [N], or [1] for all points
 * @returns     [N, 1, 1, 2]; the caller disposes it
 */
export function denoiseToy({ parameters, buffers }: ToyNetwork, x: tf.Tensor4D, sigma: tf.Tensor1D): tf.Tensor4D {
  const { linear } = learnedLayers({ parameters }, rungs.G.switches);
  return tf.tidy(() => {
    const { cSkip, cOut, cIn, cNoise } = coefficients(sigma, TOY_SIGMA_DATA);
    const noise = mpSilu(linear('noise', mpFourier(cNoise, buffers.freqs!, buffers.phases!)));
    const points = tf.reshape<tf.Rank.R2>(tf.mul(x, cIn), [-1, 2]);
    let y: tf.Tensor2D = tf.concat([points, tf.ones([x.shape[0], 1])], 1);
    for (let layer = 0; layer < HIDDEN_LAYERS; layer++) {
      const modulation = tf.add(linear(`layer${layer}.noise`, noise, { gain: `layer${layer}.noise_gain` }), 1);
      y = mpSilu(tf.mul(linear(`layer${layer}`, y), modulation));
    }
    const raw = tf.reshape<tf.Rank.R4>(linear('out', y, { gain: 'out_gain' }), [-1, 1, 1, 2]);
    return tf.add(tf.mul(x, cSkip), tf.mul(raw, cOut));
  });
}

/** u(σ), [N, 1, 1, 1]. */
export function toyLogVariance({ parameters, buffers }: ToyNetwork, sigma: tf.Tensor1D): tf.Tensor4D {
  const { linear } = learnedLayers({ parameters }, rungs.G.switches);
  return tf.tidy(() => {
    const { cNoise } = coefficients(sigma, TOY_SIGMA_DATA);
    const features = mpFourier(cNoise, buffers.freqs!, buffers.phases!);
    return tf.reshape(linear('logvar', features), [-1, 1, 1, 1]);
  });
}

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
