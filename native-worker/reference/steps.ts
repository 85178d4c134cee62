import type { NetworkPlan } from '../../contract/architecture.ts';
import type { TrainingConfig } from '../../contract/training.ts';
import { finiteOrZero } from '../edm2/training/adam.ts';
import { batchGradients } from '../edm2/training/gradients.ts';
import { elementLoss } from '../edm2/training/loss.ts';
import { networkStacks, readyFromStacks } from '../edm2/network/network.ts';
import { forceNormalize } from '../edm2/network/weights.ts';
import { denoise, logVariance } from '../edm2/network/precondition.ts';
import { stepScalars } from '../edm2/training/schedule.ts';
import { trainStep } from '../edm2/training/step.ts';
import {
  perImageRows,
  type Batch,
  type PerImage,
  type RandomSource,
  type Stacks,
  type TrainState,
} from '../edm2/tensors/types.ts';
import { fullPrecision, precisionOf, type Precision } from '../edm2/tensors/precision.ts';
import { reducedTypeOf } from '../engine/precision.ts';
import { hostOf, tensorsOf } from '../engine/session/host.ts';
import { float32, recordProgram, type Entry, type Given } from '../engine/recording/program.ts';
import { GraphSession } from '../engine/session/graph-session.ts';
import { tf } from '../engine/tensorflow.ts';
import { flattenState, layoutOf, unflattenState, type StateLayout } from '../programs/flat-state.ts';
import { takeStep } from '../programs/take-step.ts';
import { batchOf, emptySum, trainingStep, type TrainingStep } from '../programs/training-step.ts';
import { drawsNothing, ofOnePiece, type EngineName } from './engine.ts';
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from './tensors.ts';

/** The random numbers of a step, as the official code drew them. */
export interface Draws {
  /** Standard normal, [N]; they become noise levels. */
  readonly sigma: Tensor1D;
  /** Standard normal, of the shape of the images. */
  readonly noise: Tensor4D;
}

/** What a step computes on its way. */
interface Look {
  /** Of each element, at forced weights, [N, H, W, C]. */
  readonly loss: Tensor4D;
  /** Noise levels, [N]. */
  readonly sigma: Tensor1D;
  /** What Adam receives. */
  readonly gradients: Stacks;
}

/** Takes the optimiser steps of a case, and owns the state. */
export interface Steps {
  /** Looks at the step that would come next, without taking it. */
  look(batch: Batch, draws: Draws): Promise<Look>;
  /** Takes a step. @returns the loss of each picture, [N] */
  step(nimg: number, batch: Batch, draws: Draws): Promise<Tensor1D>;
  state(): Promise<TrainState>;
  close(): void;
}

export async function openSteps(
  engine: EngineName,
  plan: NetworkPlan,
  training: TrainingConfig,
  start: TrainState,
): Promise<Steps> {
  if (engine === 'eager') return new EagerSteps(plan, training, start);
  const steps = new GraphSteps(plan, training, start);
  await steps.initialise(start);
  return steps;
}

class EagerSteps implements Steps {
  readonly #plan: NetworkPlan;
  readonly #training: TrainingConfig;
  #state: TrainState;

  constructor(plan: NetworkPlan, training: TrainingConfig, start: TrainState) {
    this.#plan = plan;
    this.#training = training;
    this.#state = start;
  }

  look(batch: Batch, draws: Draws): Promise<Look> {
    return Promise.resolve(lookAt(this.#plan, this.#training, this.#state, batch, draws));
  }

  step(nimg: number, batch: Batch, draws: Draws): Promise<Tensor1D> {
    const scalars = stepScalars(this.#training, nimg);
    const result = trainStep(this.#plan, this.#training, this.#state, batch, scalars, randomOf(draws));
    this.#state = result.state;
    return Promise.resolve(rowOf(result.perImage, 'loss'));
  }

  state(): Promise<TrainState> {
    return Promise.resolve(this.#state);
  }

  close(): void {
    tf.dispose(flattenState(this.#state));
  }
}

/** The steps that training takes: calls of a recorded graph, with the state in the session. */
class GraphSteps implements Steps {
  readonly #training: TrainingConfig;
  readonly #layout: StateLayout;
  readonly #names: readonly string[];
  readonly #step: TrainingStep;
  readonly #session: GraphSession;

  constructor(plan: NetworkPlan, training: TrainingConfig, start: TrainState) {
    this.#training = training;
    this.#layout = layoutOf(start);
    const flat = flattenState(start);
    this.#names = Object.keys(flat);
    this.#step = trainingStep(plan, training, this.#layout, { pictures: 'float32' });
    const { batchSize, microBatch } = training;
    const { resolution, channels, labelDim } = plan.shape;
    const pictures = float32(batchSize, resolution, resolution, channels);
    const look: Entry = {
      inputs: {
        images: pictures,
        ...(labelDim > 0 ? { labels: float32(batchSize, labelDim) } : {}),
        sigma: float32(batchSize),
        noise: pictures,
      },
      run: ({ inputs, state, casts }) => {
        const stored = unflattenState(state, this.#layout);
        const precision = precisionOf(training.precision, casts);
        const pictures = batchOf(inputs, 'float32');
        const { gradients, ...rest } = lookAt(plan, training, stored, pictures, drawsOf(inputs), precision);
        return { outputs: { ...rest, ...gradients } };
      },
    };
    /** An entry whose random numbers are fed, with its pictures. */
    const fed = (entry: Entry): Entry => {
      const count = microBatch ?? batchSize;
      if (entry.inputs.images === undefined) return entry; // draws nothing
      const drawn = { sigma: float32(count), noise: float32(count, resolution, resolution, channels) };
      return {
        inputs: { ...entry.inputs, ...drawn },
        run: (given) => entry.run({ ...given, random: randomOf(drawsOf(given.inputs)) }),
      };
    };
    const steps = Object.entries(this.#step.entries).map(([name, entry]) => [name, fed(entry)] as const);
    const { compiled, session } = ofOnePiece();
    const spec = {
      state: {
        ...Object.fromEntries(Object.entries(flat).map(([name, { shape }]) => [name, float32(...shape)])),
        ...this.#step.sums,
      },
      entries: { look, ...Object.fromEntries(steps) },
      reduced: reducedTypeOf(training.precision),
      compiled,
    };
    this.#session = new GraphSession(recordProgram(spec), session);
  }

  async initialise(start: TrainState): Promise<void> {
    const flat = flattenState(start);
    await this.#session.initialise((name) => emptySum(this.#step, name) ?? flat[name]!);
  }

  async look({ images, labels }: Batch, draws: Draws): Promise<Look> {
    const inputs = { images, ...(labels === null ? {} : { labels }), ...draws };
    const outputs = ['loss', 'sigma', ...this.#layout.parameters];
    const { loss, sigma, ...gradients } = tensorsOf(await this.#session.run('look', inputs, drawsNothing, outputs));
    return { loss: loss as Tensor4D, sigma: sigma as Tensor1D, gradients };
  }

  async step(nimg: number, { images, labels }: Batch, draws: Draws): Promise<Tensor1D> {
    const given = { images, ...(labels === null ? {} : { labels }), ...draws };
    const batch = Object.fromEntries(Object.entries(given).map(([name, tensor]) => [name, hostOf(tensor)]));
    const step = await takeStep(this.#session, { training: this.#training, nimg, batch, measure: false });
    return tf.tensor1d(step!.perImage.loss);
  }

  async state(): Promise<TrainState> {
    return unflattenState(tensorsOf(await this.#session.read(this.#names)), this.#layout);
  }

  close(): void {
    this.#session.close();
  }
}

function lookAt(
  plan: NetworkPlan,
  training: TrainingConfig,
  { parameters, buffers }: TrainState,
  batch: Batch,
  draws: Draws,
  precision: Precision = fullPrecision,
): Look {
  const network = { plan, parameters, buffers };
  const { gradients, perImage } = batchGradients(network, training, batch, randomOf(draws), { precision });
  const sigma = rowOf(perImage, 'sigma');
  const stacks = forceNormalize(networkStacks(plan), parameters);
  const forced = readyFromStacks({ plan, buffers, parameters: stacks }, precision);
  const { images, labels } = batch;
  const noisy = tf.add<Tensor4D>(images, tf.mul(draws.noise, tf.reshape(sigma, [-1, 1, 1, 1])));
  const denoised = denoise(forced, noisy, sigma, labels, { precision });
  return {
    loss: elementLoss(denoised, images, sigma, logVariance(forced, sigma), plan.config.sigmaData),
    sigma,
    gradients: Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, finiteOrZero(gradient)])),
  };
}

function rowOf(perImage: Tensor2D, name: keyof PerImage<never>): Tensor1D {
  return tf.reshape(tf.slice(perImage, perImageRows.indexOf(name), 1), [-1]);
}

function drawsOf(inputs: Given['inputs']): Draws {
  return { sigma: inputs.sigma as Tensor1D, noise: inputs.noise as Tensor4D };
}

/** A random source that gives the numbers of the file. */
function randomOf(draws: Draws): RandomSource {
  return {
    normal: (_shape, purpose): Tensor => (purpose === 'sigma' ? draws.sigma : draws.noise).clone(),
    uniform: (_shape, purpose) => drawsNothing(purpose),
  };
}
