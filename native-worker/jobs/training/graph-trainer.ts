import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { finiteGradient } from '../../edm2/adam.ts';
import { disposeState } from '../../edm2/initial.ts';
import { denoise } from '../../edm2/precondition.ts';
import { seedFor } from '../../edm2/seeds.ts';
import { stepScalars } from '../../edm2/step-scalars.ts';
import { trainStep } from '../../edm2/train-step.ts';
import type { Batch, StepScalars, TrainState } from '../../edm2/types.ts';
import type { Updates } from '../../edm2/updates.ts';
import { backend } from '../../engine/binding.ts';
import { recordProgram, type Entry, type Given, type TensorSpec } from '../../engine/graph/program.ts';
import { GraphSession } from '../../engine/graph/session.ts';
import { tf } from '../../engine/tensorflow.ts';
import type { Denoise } from '../drawing.ts';
import { disposeAll } from '../tensor-files.ts';
import { flattenState, stateNames, unflattenState } from './flat-state.ts';
import type { Step, Trainer, TrainerPlan } from './trainer.ts';

/**
 * Trains by a recorded graph: the state lives in TensorFlow's session, and a step is one call. The numbers are those of
 * the same program op by op, but for rounding: Adam and the averages are done in place, by kernels that sum in their
 * own order.
 */
export class GraphTrainer implements Trainer {
  readonly #plan: TrainerPlan;
  readonly #averages: number;
  readonly #parameters: readonly string[];
  readonly #buffers: readonly string[];
  readonly #state: readonly string[];
  readonly #session: GraphSession;

  /** @param state the trainer's from now on */
  constructor(plan: TrainerPlan, state: TrainState) {
    this.#plan = plan;
    this.#averages = state.averages.length;
    this.#parameters = Object.keys(state.parameters);
    this.#buffers = Object.keys(state.buffers);
    const flat = flattenState(state);
    this.#state = Object.keys(flat);
    const spec = {
      state: Object.fromEntries(Object.entries(flat).map(([name, { shape }]) => [name, float32(...shape)])),
      entries: { train: this.#trainEntry(), denoise: this.#denoiseEntry() },
    };
    this.#session = new GraphSession(recordProgram(spec, backend().binding.TF_Version));
    this.#session.initialise(flat);
    disposeState(state);
    disposeAll(state.buffers);
  }

  step(nimg: number, batch: Batch, measure: boolean): Step {
    const { training } = this.#plan;
    const scalars = scalarInputs(stepScalars(training, nimg));
    const wanted = ['lossPerImage', ...(measure ? ['weights', 'activations'] : [])];
    const seed = (purpose: string): readonly [number, number] => seedFor(training.seed, purpose, nimg);
    const outputs = this.#session.run('train', { ...batchInputs(batch), ...scalars }, seed, wanted);
    disposeAll(scalars);
    const { lossPerImage, weights, activations } = outputs as Record<string, Tensor1D>;
    return {
      lossPerImage: lossPerImage!,
      magnitudes: measure ? { weights: weights!, activations: activations! } : null,
    };
  }

  withState<T>(use: (state: TrainState) => T): T {
    const flat = this.#session.read(this.#state);
    try {
      return use(unflattenState(flat, this.#parameters, this.#averages, this.#buffers));
    } finally {
      disposeAll(flat);
    }
  }

  denoiser(): Denoise {
    const { count } = this.#plan.grid;
    return (x, sigma, labels) =>
      tf.tidy(() => {
        const given = x.shape[0];
        const missing = count - given;
        const inputs = {
          x: padded(x, missing),
          sigma,
          ...(labels === null ? {} : { labels: padded(labels, missing) }),
        };
        const { denoised } = this.#session.run('denoise', inputs, noSeed, ['denoised']);
        return missing === 0 ? (denoised as Tensor4D) : tf.slice(denoised as Tensor4D, 0, given);
      });
  }

  dispose(): void {
    this.#session.close();
  }

  #trainEntry(): Entry {
    const { plan, training } = this.#plan;
    const { resolution, channels, labelDim } = plan.shape;
    const { batchSize, emaStds } = training;
    const rates = Object.fromEntries(emaStds.map((_, index) => [`averageRate${index}`, float32()]));
    return {
      inputs: {
        images: float32(batchSize, resolution, resolution, channels),
        ...(labelDim > 0 ? { labels: float32(batchSize, labelDim) } : {}),
        learningRate: float32(),
        firstCorrection: float32(),
        secondCorrection: float32(),
        ...rates,
      },
      run: (given) => {
        const { inputs } = given;
        const batch = { images: inputs.images as Tensor4D, labels: (inputs.labels as Tensor2D | undefined) ?? null };
        const scalars = scalarsOf(inputs, this.#averages);
        const state = unflattenState(given.state, this.#parameters, this.#averages, this.#buffers);
        const random = given.random;
        const updates = updatesInPlace(given);
        const result = trainStep(plan, training, state, batch, scalars, random, true, updates);
        const { weights, activations } = result.magnitudes!;
        return { outputs: { lossPerImage: result.lossPerImage, weights, activations } };
      },
    };
  }

  #denoiseEntry(): Entry {
    const { plan, grid } = this.#plan;
    const { resolution, channels, labelDim } = plan.shape;
    return {
      inputs: {
        x: float32(grid.count, resolution, resolution, channels),
        sigma: float32(1),
        ...(labelDim > 0 ? { labels: float32(grid.count, labelDim) } : {}),
      },
      run: ({ inputs, state }) => {
        const { averages, buffers } = unflattenState(state, this.#parameters, this.#averages, this.#buffers);
        const network = { plan, parameters: averages[grid.average]!, buffers };
        const labels = (inputs.labels as Tensor2D | undefined) ?? null;
        return { outputs: { denoised: denoise(network, inputs.x as Tensor4D, inputs.sigma as Tensor1D, labels) } };
      },
    };
  }
}

function float32(...shape: number[]): TensorSpec {
  return { shape, dtype: 'float32' };
}

/** Drawing has no random numbers of its own. */
function noSeed(purpose: string): never {
  throw new Error(`the denoiser draws random numbers for ${purpose}`);
}

function batchInputs({ images, labels }: Batch): Record<string, Tensor> {
  return labels === null ? { images } : { images, labels };
}

function scalarInputs({ averageRates, ...scalars }: StepScalars): Record<string, Scalar> {
  return { ...scalars, ...Object.fromEntries(averageRates.map((rate, index) => [`averageRate${index}`, rate])) };
}

function scalarsOf(inputs: Given['inputs'], averages: number): StepScalars {
  const { learningRate, firstCorrection, secondCorrection } = inputs as Record<string, Scalar>;
  return {
    learningRate: learningRate!,
    firstCorrection: firstCorrection!,
    secondCorrection: secondCorrection!,
    averageRates: Array.from({ length: averages }, (_, index) => inputs[`averageRate${index}`] as Scalar),
  };
}

/** Adam and the averages by TensorFlow's in-place kernels. */
function updatesInPlace({ inPlace }: Given): Updates {
  return {
    adam: (name, { value, first, second }, gradient, training, scalars) => {
      const names = {
        parameter: stateNames.parameter(name),
        first: stateNames.first(name),
        second: stateNames.second(name),
      };
      const betas = { first: training.adamBeta1, second: training.adamBeta2 };
      const adam = {
        learningRate: scalars.learningRate,
        firstPower: tf.sub(1, tf.reciprocal(scalars.firstCorrection)),
        secondPower: tf.sub(1, tf.reciprocal(tf.square(scalars.secondCorrection))),
        epsilon: tf.div(training.adamEps, scalars.secondCorrection),
      };
      return {
        value: inPlace.adam(names, value, finiteGradient(gradient, training.nonFinite), adam, betas),
        first,
        second,
      };
    },
    average: (index, name, ema, value, rate) => {
      inPlace.approach(stateNames.average(index, name), value, rate);
      return ema;
    },
  };
}

function padded<T extends Tensor>(x: T, missing: number): T {
  return missing === 0 ? x : (tf.concat([x, tf.zeros([missing, ...x.shape.slice(1)])]) as T);
}
