import type { Tensor1D } from '@tensorflow/tfjs-core';
import { disposeState } from '../../edm2/initial.ts';
import { denoise } from '../../edm2/precondition.ts';
import { precisionOf } from '../../edm2/precision.ts';
import { seedFor } from '../../edm2/seeds.ts';
import { stepScalars } from '../../edm2/step-scalars.ts';
import type { Batch, TrainState } from '../../edm2/types.ts';
import { backend } from '../../engine/binding.ts';
import { cachedProgram } from '../../engine/graph/program-cache.ts';
import { float32, recordProgram, type GraphProgram, type ProgramSpec } from '../../engine/graph/program.ts';
import { GraphSession } from '../../engine/graph/session.ts';
import { reducedTypeOf } from '../../engine/precision.ts';
import { tf } from '../../engine/tensorflow.ts';
import type { BatchSampler } from '../../programs/batch-sampler.ts';
import { flattenState, layoutOf, unflattenState, type StateLayout } from '../../programs/flat-state.ts';
import { emptySampling, samplingProgram, SessionSampler } from '../../programs/sampling.ts';
import { stepInputs, trainingStep } from '../../programs/training-step.ts';
import { disposeAll } from '../tensor-files.ts';
import { programKey } from './program-key.ts';
import type { Step, Trainer, TrainerPlan } from './trainer.ts';

/**
 * Settings that reach a step through what is fed, or not at all. The program is recorded without them, so that runs that
 * differ in nothing else share it.
 */
const FED = { seed: 0, durationImages: 1, learningRate: 1, decayBatches: 0, rampUpImages: 0 } as const;

/**
 * Trains by a recorded graph: the state lives in TensorFlow's session, and a step is one call. The numbers are those of
 * the same program op by op, but for rounding: Adam and the averages are done in place, by kernels that sum in their
 * own order.
 */
export class GraphTrainer implements Trainer {
  readonly #plan: TrainerPlan;
  readonly #layout: StateLayout;
  readonly #state: readonly string[];
  readonly #session: GraphSession;

  /** @param state the trainer's from now on */
  constructor(plan: TrainerPlan, state: TrainState) {
    this.#plan = plan;
    this.#layout = layoutOf(state);
    const flat = flattenState(state);
    this.#state = Object.keys(flat);
    const specs = Object.fromEntries(Object.entries(flat).map(([name, { shape }]) => [name, float32(...shape)]));
    const sampling = this.#sampling();
    const recorded: TrainerPlan = { ...plan, training: { ...plan.training, ...FED } };
    const reduced = reducedTypeOf(plan.training.precision);
    const spec = {
      state: { ...specs, ...sampling.state },
      entries: { train: trainingStep(plan.plan, recorded.training, this.#layout), ...sampling.entries },
      reduced,
    };
    const record = (): GraphProgram => recordProgram(spec, backend().binding.TF_Version);
    this.#session = new GraphSession(cachedProgram(programKey([recorded, reduced]), record));
    const empty = emptySampling(sampling);
    this.#session.initialise({ ...flat, ...empty });
    disposeAll(empty);
    disposeState(state);
    disposeAll(state.buffers);
  }

  step(nimg: number, batch: Batch, measure: boolean): Step {
    const { training } = this.#plan;
    const scalars = stepScalars(training, nimg);
    const wanted = ['lossPerImage', ...(measure ? ['weights', 'activations'] : [])];
    const seed = (purpose: string): readonly [number, number] => seedFor(training.seed, purpose, nimg);
    const outputs = this.#session.run('train', stepInputs(batch, scalars), seed, wanted);
    tf.dispose(scalars as never);
    const { lossPerImage, weights, activations } = outputs as Record<string, Tensor1D>;
    return {
      lossPerImage: lossPerImage!,
      magnitudes: measure ? { weights: weights!, activations: activations! } : null,
    };
  }

  withState<T>(use: (state: TrainState) => T): T {
    const flat = this.#session.read(this.#state);
    try {
      return use(unflattenState(flat, this.#layout));
    } finally {
      disposeAll(flat);
    }
  }

  sampler(): BatchSampler {
    const { plan, grid } = this.#plan;
    return new SessionSampler(this.#session, plan.shape, grid.count);
  }

  dispose(): void {
    this.#session.close();
  }

  /** Draws with the grid's average as it is at that moment, where it is: weights are normalised at each evaluation. */
  #sampling(): ProgramSpec {
    const { plan, grid, training } = this.#plan;
    return samplingProgram(plan.shape, grid.count, (state, labels, casts) => {
      const { averages, buffers } = unflattenState(state, this.#layout);
      const network = { plan, parameters: averages[grid.average]!, buffers };
      const precision = precisionOf(training.precision, casts);
      return (x, sigma) => denoise(network, x, sigma, labels, { precision });
    });
  }
}
