import type { Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { TrainingConfig } from '../../../contract/training.ts';
import { fractalTree } from '../../edm2/fractal-tree.ts';
import { mixturePoints } from '../../edm2/gaussian-mixture.ts';
import type { Denoiser } from '../../edm2/heun.ts';
import { disposeState } from '../../edm2/initial.ts';
import { randomSource } from '../../edm2/random.ts';
import { seedFor } from '../../edm2/seeds.ts';
import { stepScalars } from '../../edm2/step-scalars.ts';
import { denoiseToy, initialToy } from '../../edm2/toy-network.ts';
import { toyStep } from '../../edm2/toy-step.ts';
import { backend } from '../../engine/binding.ts';
import { float32, recordProgram, type Entry } from '../../engine/graph/program.ts';
import { GraphSession } from '../../engine/graph/session.ts';
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
    emaStds: [0.05],
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

/** A toy network in a session: trained step by step by a recorded graph, and evaluated by another entry of it. */
export class ToySession {
  /** Trainable numbers. */
  readonly parameters: number;
  /** Points that `denoiser` takes at once. */
  readonly count: number;
  readonly #training: TrainingConfig;
  readonly #session: GraphSession;
  #steps = 0;

  /**
   * @param width units of a hidden layer
   * @param count points that `denoiser` takes at once
   */
  constructor(width: number, count: number, seed: number) {
    this.count = count;
    const training = toyTraining(seed);
    this.#training = training;
    const start = initialToy(width, training.emaStds.length, randomSource(randomKernels, seed, 0));
    this.parameters = Object.values(start.parameters).reduce((sum, { size }) => sum + size, 0);
    const layout = layoutOf(start);
    const flat = flattenState(start);
    const spec = {
      state: Object.fromEntries(Object.entries(flat).map(([name, { shape }]) => [name, float32(...shape)])),
      entries: { train: trainEntry(training, layout), denoise: denoiseEntry(count, layout) },
    };
    this.#session = new GraphSession(recordProgram(spec, backend().binding.TF_Version));
    this.#session.initialise(flat);
    disposeState(start);
    tf.dispose(Object.values(start.buffers));
  }

  /** Takes one optimiser step with fresh points. @returns the loss */
  step(): number {
    const { seed, batchSize } = this.#training;
    const nimg = this.#steps * batchSize;
    this.#steps += 1;
    return tf.tidy(() => {
      const points = tf.tensor4d(truePoints(batchSize, seed, `step ${nimg}`), [batchSize, 1, 1, 2]);
      const inputs = { points, ...scalarInputs(stepScalars(this.#training, nimg)) };
      const { loss } = this.#session.run('train', inputs, (purpose) => seedFor(seed, purpose, nimg), ['loss']);
      return loss!.dataSync()[0]!;
    });
  }

  /** D(x; σ) by the average. */
  readonly denoiser: Denoiser = (x, sigma) =>
    this.#session.run('denoise', { x, sigma }, drawsNothing, ['denoised']).denoised as Tensor4D;

  close(): void {
    this.#session.close();
  }
}

function trainEntry(training: TrainingConfig, layout: StateLayout): Entry {
  return {
    inputs: { points: float32(training.batchSize, 1, 1, 2), ...scalarSpecs(layout.averages) },
    run: (given) => {
      const { inputs, random } = given;
      const state = unflattenState(given.state, layout);
      const scalars = scalarsOf(inputs, layout.averages);
      const updates = updatesInPlace(given);
      const { loss } = toyStep(training, state, inputs.points as Tensor4D, scalars, random, updates);
      return { outputs: { loss } };
    },
  };
}

function denoiseEntry(count: number, layout: StateLayout): Entry {
  return {
    inputs: { x: float32(count, 1, 1, 2), sigma: float32(1) },
    run: ({ inputs, state }) => {
      const { averages, buffers } = unflattenState(state, layout);
      const network = { parameters: averages[0]!, buffers };
      return { outputs: { denoised: denoiseToy(network, inputs.x as Tensor4D, inputs.sigma as Tensor1D) } };
    },
  };
}

function drawsNothing(purpose: string): never {
  throw new Error(`the denoiser draws random numbers for ${purpose}`);
}
