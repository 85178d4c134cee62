import * as tf from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import { layerScope } from '../../../contract/profile.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import { dropout } from '../network/block.ts';
import { elementLoss, trainingSigma, weightedError } from './loss.ts';
import { forwardMeter, type ForwardMeter } from './measure-forward.ts';
import { networkStacks, readyFromStacks, type StackedNetwork } from '../network/network.ts';
import { fullPrecision, type Precision } from '../tensors/precision.ts';
import { denoise, logVariance } from '../network/precondition.ts';
import { forceNormalize } from '../network/weights.ts';
import { partOf } from '../tensors/random.ts';
import type { Batch, Forward, RandomSource, Stacks } from '../tensors/types.ts';

/** A backward pass. All tensors belong to the caller, or to the tidy around the call. */
export interface Gradients {
  /** Of the scaled loss, summed over elements and averaged over the batch; as they come, NaN and ±∞ included. */
  readonly gradients: Stacks;
  /** What is told of each picture, [4, N]: `PerImage` in its order. */
  readonly perImage: tf.Tensor2D;
  /** What the forward pass was measured by (`forwardSegments`); null unless asked for. */
  readonly forward: tf.Tensor1D | null;
}

export interface BatchGradients extends Gradients {
  /** The weights from which the optimiser goes on, as new tensors. */
  readonly parameters: Stacks;
}

/** How a backward pass is computed. */
export interface Backward {
  /** Whether to measure the forward pass. */
  readonly measure: boolean;
  /** Of the activations; gradients come in float32. */
  readonly precision: Precision;
  /**
   * Parts of the pictures that go through the network side by side, which a processor may compute at the same time; must
   * divide their number. Nothing that is drawn depends on it.
   */
  readonly sides: number;
}

/** Passes of a step: `batchSize / microBatch`. */
export function microBatches({ batchSize, microBatch }: Pick<TrainingConfig, 'batchSize' | 'microBatch'>): number {
  return batchSize / (microBatch ?? batchSize);
}

/**
 * The weights at which a step takes gradients, and from which its optimiser goes on, as new tensors: forced from E on, as
 * stored before.
 *
 * The official code forces and stores the weights before each micro-batch. From the second one on that changes little,
 * but not nothing: a stored weight of magnitude 1 + δ comes out as 0.9999 + δ·1e-4 at first. Here weights are forced once
 * for the batch's first micro-batch and twice for the others and the optimiser, always from the stored ones: a third time
 * would change a weight by less than 1e-8. Source: arXiv:2312.02696, Eq. 66.
 *
 * @param stored as the step before left them
 * @param again  false for a step's first micro-batch, and for the optimiser if there is no other; a scalar says it by 0 or 1
 */
export function inStep(plan: NetworkPlan, stored: Stacks, again: boolean | tf.Scalar): Stacks {
  if (plan.config.switches.weightNorm === 'forced') return forceNormalize(networkStacks(plan), stored, again);
  return Object.fromEntries(Object.entries(stored).map(([name, value]) => [name, value.clone()]));
}

/**
 * Loss and gradients of a batch, micro-batch by micro-batch; gradients add up. Nothing that is drawn depends on how the
 * batch is cut.
 *
 * @param network with its weights as stored
 */
export function batchGradients(
  network: StackedNetwork,
  training: TrainingConfig,
  batch: Batch,
  random: RandomSource,
  backward: Partial<Backward> = {},
): BatchGradients {
  return tf.tidy(() => {
    const parts = gradientsInParts(network, training, batch, random, backward);
    let part = parts.next();
    while (part.done !== true) part = parts.next();
    return part.value as BatchGradients & tf.TensorContainerObject;
  });
}

/**
 * As `batchGradients`, stopping after each micro-batch but the last and saying how many are done. Who doesn't go on calls
 * `return`.
 */
export function* gradientsInParts(
  { plan, parameters: stored, buffers }: StackedNetwork,
  training: TrainingConfig,
  batch: Batch,
  random: RandomSource,
  { measure = false, precision = fullPrecision, sides = 1 }: Partial<Backward>,
): Generator<number, BatchGradients> {
  const count = microBatches(training);
  let parameters = inStep(plan, stored, false);
  let total: Gradients | null = null;
  try {
    for (let index = 0; index < count; index += 1) {
      if (index > 0) yield index;
      if (index === 1) {
        tf.dispose(parameters);
        parameters = inStep(plan, stored, true);
      }
      const network = { plan, parameters, buffers };
      const part = partGradients(network, training, batch, random, index, { measure, precision, sides });
      total = total === null ? part : addUp(total, part);
    }
    const result = { parameters, ...meansOf(total!, count) };
    [parameters, total] = [{}, null];
    return result;
  } finally {
    tf.dispose([parameters, total as never]);
  }
}

/** Loss and gradients of a batch's micro-batch number `index`. @param network with its weights in this step */
function partGradients(
  network: StackedNetwork,
  training: TrainingConfig,
  { images, labels }: Batch,
  random: RandomSource,
  index: number,
  backward: Backward,
): Gradients {
  const { batchSize, microBatch } = training;
  const size = microBatch ?? batchSize;
  return tf.tidy(() => {
    const whole = size === batchSize;
    const part: Batch = {
      images: whole ? images : tf.slice(images, index * size, size),
      labels: whole || labels === null ? labels : tf.slice(labels, index * size, size),
    };
    const numbers = whole ? random : partOf(random, index * size, batchSize);
    return gradientsAt(network, training, part, numbers, backward) as Gradients & tf.TensorContainerObject;
  });
}

/** Adds a micro-batch to those before it and disposes both. */
function addUp(a: Gradients, b: Gradients): Gradients {
  const add = <T extends tf.Tensor>(x: T, y: T, join: (x: T, y: T) => T = tf.add): T => {
    const sum = join(x, y);
    tf.dispose([x, y]);
    return sum;
  };
  const names = Object.keys(a.gradients);
  const join = (x: tf.Tensor2D, y: tf.Tensor2D): tf.Tensor2D => tf.concat([x, y], 1);
  return {
    gradients: Object.fromEntries(names.map((name) => [name, add(a.gradients[name]!, b.gradients[name]!)])),
    perImage: add(a.perImage, b.perImage, join),
    forward: a.forward === null ? null : add(a.forward, b.forward!),
  };
}

/** What was measured of a batch, from its sum over the micro-batches. */
function meansOf(total: Gradients, count: number): Gradients {
  const { forward } = total;
  if (forward === null || count === 1) return total;
  const means = tf.mul<tf.Tensor1D>(forward, 1 / count);
  forward.dispose();
  return { ...total, forward: means };
}

/** A batch with its noise levels and noise. */
export interface NoisyBatch extends Batch {
  readonly sigma: tf.Tensor1D;
  /** Standard normal, of the shape of the images. */
  readonly noise: tf.Tensor4D;
}

function addNoise(batch: Batch, training: TrainingConfig, random: RandomSource): NoisyBatch {
  return tf.tidy(layerScope('network', 'noise'), () => {
    const count = batch.images.shape[0];
    const noisy: NoisyBatch = {
      images: training.horizontalFlips ? flipSome(batch.images, random) : batch.images,
      labels: batch.labels,
      sigma: trainingSigma(random.normal([count], 'sigma') as tf.Tensor1D, training.pMean, training.pStd),
      noise: random.normal(batch.images.shape, 'noise') as tf.Tensor4D,
    };
    return noisy as NoisyBatch & tf.TensorContainerObject;
  });
}

/** Mirrors each picture left to right with probability 1/2. */
function flipSome(images: tf.Tensor4D, random: RandomSource): tf.Tensor4D {
  const mirror = tf.cast(tf.less(random.uniform([images.shape[0], 1, 1, 1], 'flip'), 0.5), 'float32');
  return tf.add(tf.mul(images, tf.sub(1, mirror)), tf.mul(tf.reverse(images, 2), mirror));
}

function dropoutFor(plan: NetworkPlan, random: RandomSource): Forward['drop'] {
  const rate = plan.config.dropout;
  if (rate === 0) return null;
  // The 0 was the number of the micro-batch once; without it, runs would go on with other masks.
  return (x, name) => dropout(x, rate, random.uniform(x.shape, `dropout ${name} 0`));
}

/** Pictures that go through the network together. */
interface Side extends NoisyBatch {
  readonly drop: Forward['drop'];
}

function* sidesOf(plan: NetworkPlan, batch: NoisyBatch, random: RandomSource, sides: number): Generator<Side> {
  const whole = batch.images.shape[0];
  const count = whole / sides;
  for (let first = 0; first < whole; first += count) {
    const part = <T extends tf.Tensor>(x: T): T => (sides === 1 ? x : tf.slice(x, first, count));
    yield {
      images: part(batch.images),
      labels: batch.labels && part(batch.labels),
      sigma: part(batch.sigma),
      noise: part(batch.noise),
      drop: dropoutFor(plan, sides === 1 ? random : partOf(random, first, whole)),
    };
  }
}

/**
 * Loss and gradients of some pictures of a batch.
 *
 * @param network with its weights in this step (`inStep`)
 * @param random  the numbers of these pictures
 */
export function gradientsAt(
  { plan, parameters, buffers }: StackedNetwork,
  training: TrainingConfig,
  batch: Batch,
  random: RandomSource,
  { measure, precision, sides }: Backward,
): Gradients {
  const noisy = addNoise(batch, training, random);
  // What the gradient function below computes on the side. It runs in a scope of its own, hence `tf.keep`.
  const told: tf.Tensor2D[] = [];
  const meters: ForwardMeter[] = [];

  const loss = (): tf.Scalar => {
    const network = readyFromStacks({ plan, parameters, buffers }, precision);
    let total: tf.Scalar | null = null;
    for (const { images, labels, sigma, noise, drop } of sidesOf(plan, noisy, random, sides)) {
      const input = tf.add<tf.Tensor4D>(images, tf.mul(noise, tf.reshape(sigma, [-1, 1, 1, 1])));
      if (measure) meters.push(forwardMeter(plan, precision));
      const observe = measure ? meters.at(-1)!.observe : null;
      const denoised = denoise(network, input, sigma, labels, { drop, precision, observe });
      const u = plan.config.switches.uncertainty ? logVariance(network, sigma) : null;
      const element = elementLoss(denoised, images, sigma, u, plan.config.sigmaData);
      const error = weightedError(denoised, images, sigma, plan.config.sigmaData);
      told.push(tf.keep(ofEachPicture(element, error, sigma, u)));
      const sum = tf.sum<tf.Scalar>(element);
      total = total === null ? sum : tf.add<tf.Scalar>(total, sum);
    }
    return tf.mul(total!, training.lossScaling / training.batchSize);
  };

  const names = Object.keys(parameters);
  const named = (): tf.Scalar => tf.tidy(layerScope('network', 'loss'), loss);
  const { value, grads } = tf.valueAndGrads(named)(Object.values(parameters));
  value.dispose();
  const handed = told.map(handOver);
  return {
    gradients: Object.fromEntries(names.map((name, index) => [name, grads[index]!])),
    perImage: tf.tidy(layerScope('network', 'loss'), () => tf.concat(handed, 1)),
    forward: measure ? meanOfSides(meters.map((meter) => meter.means())) : null,
  };
}

/** `PerImage` in its order, [4, N], from the loss and the error of each element. */
export function ofEachPicture(
  loss: tf.Tensor4D,
  error: tf.Tensor4D,
  sigma: tf.Tensor1D,
  u: tf.Tensor4D | null,
): tf.Tensor2D {
  const means = [loss, error].map((x) => tf.mean<tf.Tensor1D>(x, [1, 2, 3]));
  return tf.stack([...means, sigma, u === null ? tf.zerosLike(sigma) : tf.reshape(u, [-1])]) as tf.Tensor2D;
}

/** Mean over equally large sides of what each was measured by. */
export function meanOfSides(sides: readonly tf.Tensor1D[]): tf.Tensor1D {
  return sides.length === 1 ? sides[0]! : tf.mean<tf.Tensor1D>(tf.stack([...sides]), 0);
}

/** Gives a kept tensor to the scope around. */
function handOver<T extends tf.Tensor>(kept: T): T {
  const tensor: T = kept.clone();
  kept.dispose();
  return tensor;
}
