import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { TrainingConfig } from '../../../contract/training.ts';
import { fractalTree } from '../../edm2/toy/fractal-tree.ts';
import { mixturePoints } from '../../edm2/toy/gaussian-mixture.ts';
import { disposeState } from '../../edm2/training/state.ts';
import { randomSource, seedFor } from '../../edm2/tensors/random.ts';
import { stepNumbers } from '../../edm2/training/schedule.ts';
import { denoiseToy, initialToy, readyToy, toyStep } from '../../edm2/toy/network.ts';
import { tensorOf } from '../../engine/session/host.ts';
import { float32, recordProgram, type Entry } from '../../engine/recording/program.ts';
import { GraphSession } from '../../engine/session/graph-session.ts';
import { randomKernels } from '../../engine/random.ts';
import { tf } from '../../engine/tensorflow.ts';
import { flattenState, layoutOf, unflattenState, type StateLayout } from '../../programs/flat-state.ts';
import { scalarInputs, scalarSpecs, scalarsOf } from '../../programs/scalar-inputs.ts';
import { updatesInPlace } from '../../programs/updates-in-place.ts';

/** Points of a training step. */
const BATCH = 1024;

/** The data of the toy; the same for all. */
export const tree = fractalTree();

/** How both networks are trained: the noise reaches from below a twig's width to beyond the whole tree. */
export function toyTraining(seed: number): TrainingConfig {
  return TrainingConfig.parse({
    batchSize: BATCH,
    durationImages: BATCH,
    pMean: -2.3,
    pStd: 1.5,
    learningRate: 0.01,
    decayBatches: 512,
    rampUpImages: 0,
    sigmaRels: [0.05],
    seed,
  });
}

/** Points of the true distribution, [count, 2]: a function of seed and purpose. */
export function truePoints(count: number, seed: number, purpose: string): Float32Array<ArrayBuffer> {
  return tf.tidy(() => {
    const uniform = randomKernels.uniform([count], seedFor(seed, `${purpose} component`, 0));
    const normal = randomKernels.normal([count, 2], seedFor(seed, `${purpose} place`, 0));
    return mixturePoints(tree, uniform.dataSync(), normal.dataSync());
  });
}

/** D(x; σ) of points [N, 1, 1, 2] at one noise level, [1]; the result belongs to the caller. */
export type PointDenoiser = (x: Tensor4D, sigma: Tensor1D) => Promise<Tensor4D>;

/** A toy network in a session: trained step by step by a recorded graph, and evaluated by another entry of it. */
export class ToySession {
  /** Trainable numbers. */
  readonly parameters: number;
  /** Points that `denoiser` takes at once. */
  readonly count: number;
  readonly #training: TrainingConfig;
  readonly #session: GraphSession;
  #steps = 0;

  private constructor(count: number, parameters: number, training: TrainingConfig, session: GraphSession) {
    this.count = count;
    this.parameters = parameters;
    this.#training = training;
    this.#session = session;
  }

  /**
   * @param width units of a hidden layer
   * @param count points that `denoiser` takes at once
   */
  static async open(width: number, count: number, seed: number): Promise<ToySession> {
    const training = toyTraining(seed);
    const start = initialToy(width, training.sigmaRels.length, randomSource(randomKernels, seed, 0));
    const parameters = Object.values(start.parameters).reduce((sum, { size }) => sum + size, 0);
    const layout = layoutOf(start);
    const flat = flattenState(start);
    const spec = {
      state: Object.fromEntries(Object.entries(flat).map(([name, { shape }]) => [name, float32(...shape)])),
      entries: { train: trainEntry(width, training, layout), denoise: denoiseEntry(width, count, layout) },
    };
    const session = new GraphSession(recordProgram(spec));
    await session.initialise((name) => flat[name]!);
    disposeState(start);
    tf.dispose(Object.values(start.buffers));
    return new ToySession(count, parameters, training, session);
  }

  /** Takes one optimiser step with fresh points. @returns the loss */
  async step(): Promise<number> {
    const { seed, batchSize } = this.#training;
    const nimg = this.#steps * batchSize;
    this.#steps += 1;
    const points = truePoints(batchSize, seed, `step ${nimg}`);
    const inputs = {
      points: { dtype: 'float32', shape: [batchSize, 1, 1, 2], values: points } as const,
      ...scalarInputs(stepNumbers(this.#training, nimg)),
    };
    const { loss } = await this.#session.run('train', inputs, (purpose) => seedFor(seed, purpose, nimg), ['loss']);
    return loss!.values[0]!;
  }

  /** D(x; σ) by the average. */
  readonly denoiser: PointDenoiser = async (x, sigma) => {
    const { denoised } = await this.#session.run('denoise', { x, sigma }, drawsNothing, ['denoised']);
    return tensorOf(denoised!) as Tensor4D;
  };

  close(): void {
    this.#session.close();
  }
}

function trainEntry(width: number, training: TrainingConfig, layout: StateLayout): Entry {
  return {
    inputs: { points: float32(training.batchSize, 1, 1, 2), ...scalarSpecs(layout.averages) },
    run: (given) => {
      const { inputs, random } = given;
      const state = unflattenState(given.state, layout);
      const scalars = scalarsOf(inputs, layout.averages);
      const updates = updatesInPlace(given, training, scalars);
      const { loss } = toyStep(width, training, state, inputs.points as Tensor4D, scalars, random, updates);
      return { outputs: { loss } };
    },
  };
}

function denoiseEntry(width: number, count: number, layout: StateLayout): Entry {
  return {
    inputs: { x: float32(count, 1, 1, 2), sigma: float32(1) },
    run: ({ inputs, state }) => {
      const { averages, buffers } = unflattenState(state, layout);
      const network = readyToy({ width, parameters: averages[0]!, buffers });
      return { outputs: { denoised: denoiseToy(network, inputs.x as Tensor4D, inputs.sigma as Tensor1D) } };
    },
  };
}

function drawsNothing(purpose: string): never {
  throw new Error(`the denoiser draws random numbers for ${purpose}`);
}
