import { planNetwork } from '../../../contract/architecture.ts';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import { NetworkConfig } from '../../../contract/network.ts';
import type { DataShape } from '../../../contract/network.ts';
import { TrainingConfig } from '../../../contract/training.ts';
import { learnedLayers, type Layer } from '../../../native-worker/edm2/network/layers.ts';
import type { Network } from '../../../native-worker/edm2/network/network.ts';
import { initialNetwork } from '../../../native-worker/edm2/training/state.ts';
import { randomSource } from '../../../native-worker/edm2/tensors/random.ts';
import {
  perImageRows,
  type Parameters,
  type PerImage,
  type RandomSource,
} from '../../../native-worker/edm2/tensors/types.ts';
import { randomKernels } from '../../../native-worker/engine/random.ts';
import { tf } from '../../../native-worker/engine/tensorflow.ts';
import { usedByLayers } from '../../../native-worker/reference/parameters.ts';

export type Tensor = ReturnType<typeof tf.tensor>;
export type Tensor4D = ReturnType<typeof tf.tensor4d>;

/** Random numbers of a test, which are the same each time it runs. */
export function source(seed: number, nimg = 0): RandomSource {
  return randomSource(randomKernels, seed, nimg);
}

/** Standard normal numbers times `scale`. */
export function normal(shape: number[], seed: number, scale = 1): Tensor {
  return tf.mul(source(seed).normal(shape, 'test'), scale);
}

/** What a step tells of each picture under one name, [N]. */
export function toldAs(name: keyof PerImage<never>, { perImage }: { readonly perImage: Tensor }): Tensor {
  return tf.reshape(tf.slice(perImage, perImageRows.indexOf(name), 1), [-1]);
}

export function rmsOf(x: Tensor): number {
  return tf.tidy(() => tf.sqrt(tf.mean(tf.square(x))).dataSync()[0]!);
}

/** Largest difference relative to the largest number. */
export function relativeDifference(a: Tensor, b: Tensor): number {
  return tf.tidy(() => tf.div(tf.max(tf.abs(tf.sub(a, b))), tf.max(tf.abs(b))).dataSync()[0]!);
}

/** The gradient of sum(f(x) · r) by tfjs, for comparison with one that is written out. */
export function gradientOf(f: (x: Tensor) => Tensor, x: Tensor, r: Tensor): Tensor {
  return tf.grad(f)(x, r);
}

/** A convolution of config G with the given filters, of any scale. */
export function mpConv2d(x: Tensor4D, filters: Tensor): Tensor4D {
  return learnedLayers({ inUse: inUseOf('conv', filters) }).conv(layerOf('conv'), x);
}

/** A linear layer of config G with the given weight, of any scale. */
export function mpLinear(x: Tensor, weight: Tensor): Tensor {
  return learnedLayers({ inUse: inUseOf('linear', weight) }).linear(layerOf('linear'), x as never);
}

function layerOf(kind: Layer['kind']): Layer {
  return { name: 'layer', kind };
}

/** A stored weight as a layer of config G uses it. */
export function inUseOf(kind: Layer['kind'], weight: Tensor): Parameters {
  return usedByLayers({ 'layer.weight': weight }, [layerOf(kind)]);
}

/** A network that a test trains in milliseconds; it has every kind of block. */
export function tinyPlan(network: Partial<NetworkConfig> = {}, shape: Partial<DataShape> = {}): NetworkPlan {
  return planNetwork(
    {
      ...NetworkConfig.parse({
        modelChannels: 8,
        channelMult: [1, 2],
        numBlocks: 1,
        attnResolutions: [4],
        channelsPerHead: 8,
      }),
      ...network,
    },
    { resolution: 8, channels: 3, labelDim: 4, ...shape },
  );
}

/** Its weights at the start, with gains that are not 0, so that every part counts. */
export function tinyNetwork(plan = tinyPlan(), seed = 1): Network {
  const { parameters, buffers } = initialNetwork(plan, source(seed));
  const gains: Parameters = Object.fromEntries(
    plan.parameters
      .filter(({ role }) => role === 'gain')
      .map(({ name }, index) => [name, tf.scalar(0.5 + 0.05 * index)]),
  );
  return { plan, parameters: { ...parameters, ...gains }, buffers };
}

export function tinyTraining(training: Partial<TrainingConfig> = {}): TrainingConfig {
  return { ...TrainingConfig.parse({ batchSize: 8, durationImages: 1000, rampUpImages: 0 }), ...training };
}
