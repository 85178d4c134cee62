import type { NetworkPlan } from '../../contract/architecture.ts';
import type { TrainingConfig } from '../../contract/training.ts';
import { finiteOrZero } from '../edm2/adam.ts';
import { batchGradients } from '../edm2/gradients.ts';
import { elementLoss } from '../edm2/loss.ts';
import { forceNormalize } from '../edm2/mp-layers.ts';
import { denoise, logVariance } from '../edm2/precondition.ts';
import { stepNumbers, stepScalars } from '../edm2/step-scalars.ts';
import { trainStep } from '../edm2/train-step.ts';
import type { Batch, Parameters, RandomSource, TrainState } from '../edm2/types.ts';
import { tensorOf, tensorsOf } from '../engine/graph/host.ts';
import { float32, recordProgram, type Entry, type Given } from '../engine/graph/program.ts';
import { GraphSession } from '../engine/graph/session.ts';
import { tf } from '../engine/tensorflow.ts';
import { flattenState, layoutOf, unflattenState, type StateLayout } from '../programs/flat-state.ts';
import { batchOf, stepInputs, trainingStep } from '../programs/training-step.ts';
import { drawsNothing, type EngineName } from './engine.ts';
import type { Tensor, Tensor1D, Tensor4D } from './tensors.ts';

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
  readonly gradients: Parameters;
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
    return Promise.resolve(result.lossPerImage);
  }

  state(): Promise<TrainState> {
    return Promise.resolve(this.#state);
  }

  close(): void {
    tf.dispose(flattenState(this.#state));
  }
}

/** The step that training runs: one call of a recorded graph, with the state in the session. */
class GraphSteps implements Steps {
  readonly #training: TrainingConfig;
  readonly #layout: StateLayout;
  readonly #names: readonly string[];
  readonly #session: GraphSession;

  constructor(plan: NetworkPlan, training: TrainingConfig, start: TrainState) {
    this.#training = training;
    this.#layout = layoutOf(start);
    const flat = flattenState(start);
    this.#names = Object.keys(flat);
    const { resolution, channels } = plan.shape;
    const drawn = {
      sigma: float32(training.batchSize),
      noise: float32(training.batchSize, resolution, resolution, channels),
    };
    const train = trainingStep(plan, training, this.#layout, 'float32');
    const { images, labels } = train.inputs;
    const look: Entry = {
      inputs: { images: images!, ...(labels === undefined ? {} : { labels }), ...drawn },
      run: ({ inputs, state }) => {
        const stored = unflattenState(state, this.#layout);
        const { gradients, ...rest } = lookAt(plan, training, stored, batchOf(inputs), drawsOf(inputs));
        return { outputs: { ...rest, ...gradients } };
      },
    };
    const fed: Entry = {
      inputs: { ...train.inputs, ...drawn },
      run: (given) => train.run({ ...given, random: randomOf(drawsOf(given.inputs)) }),
    };
    const spec = {
      state: Object.fromEntries(Object.entries(flat).map(([name, { shape }]) => [name, float32(...shape)])),
      entries: { look, train: fed },
    };
    this.#session = new GraphSession(recordProgram(spec));
  }

  async initialise(start: TrainState): Promise<void> {
    const flat = flattenState(start);
    await this.#session.initialise((name) => flat[name]!);
  }

  async look({ images, labels }: Batch, draws: Draws): Promise<Look> {
    const inputs = { images, ...(labels === null ? {} : { labels }), ...draws };
    const outputs = ['loss', 'sigma', ...this.#layout.parameters];
    const { loss, sigma, ...gradients } = tensorsOf(await this.#session.run('look', inputs, drawsNothing, outputs));
    return { loss: loss as Tensor4D, sigma: sigma as Tensor1D, gradients };
  }

  async step(nimg: number, batch: Batch, draws: Draws): Promise<Tensor1D> {
    const inputs = { ...stepInputs(batch, stepNumbers(this.#training, nimg)), ...draws };
    const { lossPerImage } = await this.#session.run('train', inputs, drawsNothing, ['lossPerImage']);
    return tensorOf(lossPerImage!) as Tensor1D;
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
): Look {
  const { gradients, sigma } = batchGradients({ plan, parameters, buffers }, training, batch, randomOf(draws));
  const forced = { plan, buffers, parameters: forceNormalize(parameters) };
  const { images, labels } = batch;
  const noisy = tf.add<Tensor4D>(images, tf.mul(draws.noise, tf.reshape(sigma, [-1, 1, 1, 1])));
  const denoised = denoise(forced, noisy, sigma, labels);
  return {
    loss: elementLoss(denoised, images, sigma, logVariance(forced, sigma), plan.config.sigmaData),
    sigma,
    gradients: Object.fromEntries(Object.entries(gradients).map(([name, gradient]) => [name, finiteOrZero(gradient)])),
  };
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
