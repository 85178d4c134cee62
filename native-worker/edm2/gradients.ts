import * as tf from '@tensorflow/tfjs-core';
import { blockNames } from '../../contract/architecture.ts';
import type { NetworkPlan } from '../../contract/architecture.ts';
import type { TrainingConfig } from '../../contract/training.ts';
import { dropout } from './block.ts';
import { elementLoss, trainingSigma } from './loss.ts';
import { forceNormalize } from './mp-layers.ts';
import { fullPrecision } from './precision.ts';
import { denoise, logVariance } from './precondition.ts';
import type { Network } from './precondition.ts';
import type { Batch, Forward, Parameters, RandomSource } from './types.ts';

/** The backward pass of a batch. All tensors belong to the caller, or to the tidy around the call. */
export interface BatchGradients {
  /** The weights, from E on after forced normalisation, where the gradients were taken and the optimiser goes on. */
  readonly parameters: Parameters;
  /** Of the scaled loss, summed over elements and averaged over the batch; as they come, NaN and ±∞ included. */
  readonly gradients: Parameters;
  /** Mean of the loss over each picture's elements, [N]. */
  readonly lossPerImage: tf.Tensor1D;
  readonly sigma: tf.Tensor1D;
  /** Mean square of each block's output in the order of `blockNames`, [blocks]; null unless asked for. */
  readonly meanSquares: tf.Tensor1D | null;
}

/** A batch with its noise levels and noise. */
interface NoisyBatch extends Batch {
  readonly sigma: tf.Tensor1D;
  /** Standard normal, of the shape of the images. */
  readonly noise: tf.Tensor4D;
}

/**
 * Loss and gradients of a batch, micro-batch by micro-batch; gradients add up. Noise levels, noise and flips are drawn
 * for the whole batch, so they do not depend on how it is cut; dropout masks are drawn for each micro-batch.
 *
 * Weights are forced before each micro-batch, as in the official code. From the second one on that changes little, but
 * not nothing: a stored weight of magnitude 1 + δ comes out as 0.9999 + δ·1e-4 at first.
 *
 * @param network with its weights as stored, before forced normalisation
 * @param measure whether to measure block outputs
 * @param precision of the activations; gradients come in float32
 */
export function batchGradients(
  network: Network,
  training: TrainingConfig,
  batch: Batch,
  random: RandomSource,
  measure = false,
  precision = fullPrecision,
): BatchGradients {
  return tf.tidy(() => {
    const noisy = addNoise(batch, training, random);
    const count = batch.images.shape[0];
    const size = training.microBatch ?? count;
    let total: BatchGradients | null = null;
    for (let start = 0; start < count; start += size) {
      const options = { drop: dropoutFor(network.plan, random, start / size), precision };
      const prepared = { ...network, parameters: prepare(network.plan, total?.parameters ?? network.parameters) };
      const part = microGradients(prepared, training, slice(noisy, start, size), count, options, measure);
      total = total === null ? part : addUp(total, part);
    }
    const { parameters, gradients, lossPerImage, meanSquares } = total!;
    // A sum over equally large micro-batches so far.
    const squares = meanSquares === null ? null : tf.mul<tf.Tensor1D>(meanSquares, size / count);
    return { parameters, gradients, lossPerImage, sigma: noisy.sigma, meanSquares: squares } as BatchGradients &
      tf.TensorContainerObject;
  });
}

/** The weights at which a training step takes gradients, as new tensors: forced from E on, as stored before. */
function prepare({ config }: NetworkPlan, parameters: Parameters): Parameters {
  if (config.ladder.weightNorm === 'forced') return forceNormalize(parameters);
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, value.clone()]));
}

function addNoise(batch: Batch, training: TrainingConfig, random: RandomSource): NoisyBatch {
  const count = batch.images.shape[0];
  return {
    images: training.horizontalFlips ? flipSome(batch.images, random) : batch.images,
    labels: batch.labels,
    sigma: trainingSigma(random.normal([count], 'sigma') as tf.Tensor1D, training.pMean, training.pStd),
    noise: random.normal(batch.images.shape, 'noise') as tf.Tensor4D,
  };
}

/** Mirrors each picture left to right with probability 1/2. */
function flipSome(images: tf.Tensor4D, random: RandomSource): tf.Tensor4D {
  const mirror = tf.cast(tf.less(random.uniform([images.shape[0], 1, 1, 1], 'flip'), 0.5), 'float32');
  return tf.add(tf.mul(images, tf.sub(1, mirror)), tf.mul(tf.reverse(images, 2), mirror));
}

function slice({ images, labels, sigma, noise }: NoisyBatch, start: number, size: number): NoisyBatch {
  if (start === 0 && size === images.shape[0]) return { images, labels, sigma, noise };
  return {
    images: tf.slice(images, start, size),
    labels: labels === null ? null : tf.slice(labels, start, size),
    sigma: tf.slice(sigma, start, size),
    noise: tf.slice(noise, start, size),
  };
}

function dropoutFor(plan: NetworkPlan, random: RandomSource, part: number): Forward['drop'] {
  const rate = plan.config.dropout;
  if (rate === 0) return null;
  return (x, name) => dropout(x, rate, random.uniform(x.shape, `dropout ${name} ${part}`));
}

/** @param count images of the whole batch, by which the loss is divided */
function microGradients(
  { plan, parameters, buffers }: Network,
  training: TrainingConfig,
  { images, labels, sigma, noise }: NoisyBatch,
  count: number,
  { drop, precision }: Pick<Forward, 'drop' | 'precision'>,
  measure: boolean,
): BatchGradients {
  // What the gradient function below computes on the side. It runs in a scope of its own, hence `tf.keep`.
  const squares = new Map<string, tf.Tensor>();
  let lossPerImage: tf.Tensor1D | null = null;
  const blocks = new Set(measure ? blockNames(plan) : []);
  const observe = (name: string, output: tf.Tensor): void => {
    if (blocks.has(name)) squares.set(name, tf.keep(tf.tidy(() => tf.mean(tf.square(output)))));
  };

  const loss = (): tf.Scalar => {
    const network = { plan, parameters, buffers };
    const noisy = tf.add<tf.Tensor4D>(images, tf.mul(noise, tf.reshape(sigma, [-1, 1, 1, 1])));
    const denoised = denoise(network, noisy, sigma, labels, { drop, precision, observe: measure ? observe : null });
    const u = plan.config.ladder.uncertainty ? logVariance(network, sigma) : null;
    const element = elementLoss(denoised, images, sigma, u, plan.config.sigmaData);
    lossPerImage = tf.keep(tf.mean(element, [1, 2, 3]));
    return tf.mul(tf.sum(element), training.lossScaling / count);
  };

  const names = Object.keys(parameters);
  const { value, grads } = tf.valueAndGrads(loss)(Object.values(parameters));
  value.dispose();
  return {
    parameters,
    gradients: Object.fromEntries(names.map((name, index) => [name, grads[index]!])),
    lossPerImage: handOver(lossPerImage!),
    sigma,
    meanSquares: measure
      ? (tf.stack(blockNames(plan).map((name) => handOver(squares.get(name)!))) as tf.Tensor1D)
      : null,
  };
}

/** Gives a kept tensor to the scope around. */
function handOver<T extends tf.Tensor>(kept: T): T {
  const tensor: T = kept.clone();
  kept.dispose();
  return tensor;
}

function addUp(a: BatchGradients, b: BatchGradients): BatchGradients {
  const gradients: Record<string, tf.Tensor> = {};
  for (const [name, gradient] of Object.entries(a.gradients)) {
    gradients[name] = tf.add(gradient, b.gradients[name]!);
    tf.dispose([gradient, b.gradients[name]!, a.parameters[name]!]);
  }
  return {
    parameters: b.parameters,
    gradients,
    lossPerImage: tf.concat([a.lossPerImage, b.lossPerImage]),
    sigma: tf.concat([a.sigma, b.sigma]),
    meanSquares: a.meanSquares === null ? null : tf.add(a.meanSquares, b.meanSquares!),
  };
}
