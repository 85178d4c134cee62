import * as tf from '@tensorflow/tfjs-core';
import type { TrainingConfig } from '../../../contract/training.ts';
import { mpFourier } from '../network/embedding.ts';
import { mpSilu } from '../network/fixed-functions.ts';
import { learnedLayers, type Layer } from '../network/layers.ts';
import { coefficients } from '../network/precondition.ts';
import { stacksOf, stackUp, type NamedShape, type Stack } from '../network/stacks.ts';
import { forceNormalize, parametersInUse } from '../network/weights.ts';
import type { Buffers, Parameters, RandomSource, Stacks, StepScalars, TrainState } from '../tensors/types.ts';
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
  /** Units of a hidden layer. */
  readonly width: number;
  readonly parameters: Stacks;
  readonly buffers: Buffers;
}

/** With its parameters as the layers use them. */
interface ReadyToy {
  readonly inUse: Parameters;
  readonly buffers: Buffers;
}

/** Standard deviation of the data, per coordinate. */
export const TOY_SIGMA_DATA = 0.5;

const HIDDEN_LAYERS = 4;

/** Coordinates, and a channel of ones instead of biases. */
const INPUTS = 3;

const NOISE_FEATURES = 32;

const linearLayer = (name: string, gain?: string): Layer => ({
  name,
  kind: 'linear',
  ...(gain === undefined ? {} : { gain }),
});

const layers = {
  noise: linearLayer('noise'),
  hidden: Array.from({ length: HIDDEN_LAYERS }, (_, index) => ({
    points: linearLayer(`layer${index}`),
    noise: linearLayer(`layer${index}.noise`, `layer${index}.noise_gain`),
  })),
  out: linearLayer('out', 'out_gain'),
  logVariance: linearLayer('logvar'),
};

const allLayers: readonly Layer[] = [
  layers.noise,
  ...layers.hidden.flatMap(({ points, noise }) => [points, noise]),
  layers.out,
  layers.logVariance,
];

/** Names and shapes of all parameters. */
function toyParameters(width: number): NamedShape[] {
  const weight = ({ name }: Layer, inputs: number, outputs: number): NamedShape => [
    `${name}.weight`,
    [inputs, outputs],
  ];
  return [
    weight(layers.noise, NOISE_FEATURES, width),
    ...layers.hidden.flatMap(({ points, noise }, index): NamedShape[] => [
      weight(points, index === 0 ? INPUTS : width, width),
      weight(noise, width, width),
      [noise.gain!, []],
    ]),
    weight(layers.out, width, 2),
    [layers.out.gain!, []],
    weight(layers.logVariance, NOISE_FEATURES, 1),
  ];
}

/** The stacks of its parameters. @param width units of a hidden layer */
export function toyStacks(width: number): Stack[] {
  return stacksOf(toyParameters(width), allLayers);
}

/** Weights N(0, 1), gains 0, as in config G: it denoises to c_skip · x. @param width units of a hidden layer */
export function initialToy(width: number, averages: number, random: RandomSource): TrainState {
  const initial = ([name, shape]: NamedShape): tf.Tensor =>
    shape.length === 0 ? tf.scalar(0) : random.normal([...shape], `init ${name.replace('.weight', '')}`);
  const parameters = tf.tidy(() => {
    const drawn = toyParameters(width).map((parameter) => [parameter[0], initial(parameter)] as const);
    return stackUp(toyStacks(width), Object.fromEntries(drawn));
  });
  const turns = (drawn: tf.Tensor): tf.Tensor1D => tf.mul(drawn, 2 * Math.PI);
  const buffers: Buffers = tf.tidy(() => ({
    freqs: turns(random.normal([NOISE_FEATURES], 'init freqs')),
    phases: turns(random.uniform([NOISE_FEATURES], 'init phases')),
  }));
  return freshState(parameters, buffers, averages);
}

/** Ready to be evaluated. @returns `inUse` is the caller's */
export function readyToy({ width, parameters, buffers }: ToyNetwork): ReadyToy {
  const stored = ({ name }: Stack): tf.Tensor => parameters[name]!;
  return { inUse: parametersInUse(toyStacks(width), allLayers, { weightNorm: 'forced' }, stored), buffers };
}

/**
 * D(x; σ) = c_skip x + c_out F(c_in x; ln(σ)/4).
 *
 * @param x     noisy points, [N, 1, 1, 2]
 * @param sigma noise levels, [N], or [1] for all points
 * @returns     [N, 1, 1, 2]; the caller disposes it
 */
export function denoiseToy({ inUse, buffers }: ReadyToy, x: tf.Tensor4D, sigma: tf.Tensor1D): tf.Tensor4D {
  const { linear } = learnedLayers({ inUse });
  return tf.tidy(() => {
    const { cSkip, cOut, cIn, cNoise } = coefficients(sigma, TOY_SIGMA_DATA);
    const noise = mpSilu(linear(layers.noise, mpFourier(cNoise, buffers.freqs!, buffers.phases!)));
    const points = tf.reshape<tf.Rank.R2>(tf.mul(x, cIn), [-1, 2]);
    let y: tf.Tensor2D = tf.concat([points, tf.ones([x.shape[0], 1])], 1);
    for (const layer of layers.hidden) {
      const modulation = tf.add(linear(layer.noise, noise), 1);
      y = mpSilu(tf.mul(linear(layer.points, y), modulation));
    }
    const raw = tf.reshape<tf.Rank.R4>(linear(layers.out, y), [-1, 1, 1, 2]);
    return tf.add(tf.mul(x, cSkip), tf.mul(raw, cOut));
  });
}

/** u(σ), [N, 1, 1, 1]. */
export function toyLogVariance({ inUse, buffers }: ReadyToy, sigma: tf.Tensor1D): tf.Tensor4D {
  const { linear } = learnedLayers({ inUse });
  return tf.tidy(() => {
    const { cNoise } = coefficients(sigma, TOY_SIGMA_DATA);
    const features = mpFourier(cNoise, buffers.freqs!, buffers.phases!);
    return tf.reshape(linear(layers.logVariance, features), [-1, 1, 1, 1]);
  });
}

/**
 * An optimiser step of the toy network, as `trainStep` is one of a network of pictures: forced normalisation, noise,
 * loss and gradients, Adam, averages.
 *
 * @param width  units of a hidden layer
 * @param points clean points, [N, 1, 1, 2]
 * @returns      a new state, and the mean of the loss over points and coordinates; they belong to the caller
 */
export function toyStep(
  width: number,
  training: TrainingConfig,
  { parameters, ...state }: TrainState,
  points: tf.Tensor4D,
  scalars: StepScalars,
  random: RandomSource,
  updates: Updates = newTensors,
): { readonly state: TrainState; readonly loss: tf.Scalar } {
  return tf.tidy(() => {
    const forced = forceNormalize(toyStacks(width), parameters);
    const count = points.shape[0];
    const sigma = trainingSigma(random.normal([count], 'sigma') as tf.Tensor1D, training.pMean, training.pStd);
    const noise = random.normal(points.shape, 'noise');
    const noisy = tf.add<tf.Tensor4D>(points, tf.mul(noise, tf.reshape(sigma, [-1, 1, 1, 1])));
    const names = Object.keys(forced);
    // Summed over a point's coordinates and averaged over the batch, as for pictures.
    const { value, grads } = tf.valueAndGrads(() => {
      const network = readyToy({ width, parameters: forced, buffers: state.buffers });
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
