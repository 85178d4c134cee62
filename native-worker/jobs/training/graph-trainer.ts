import { disposeState } from '../../edm2/initial.ts';
import { denoise } from '../../edm2/precondition.ts';
import { precisionOf } from '../../edm2/precision.ts';
import type { TrainState } from '../../edm2/types.ts';
import { tensorsOf } from '../../engine/graph/host.ts';
import { cachedProgram } from '../../engine/graph/program-cache.ts';
import { float32, recordProgram, type GraphProgram, type ProgramSpec } from '../../engine/graph/program.ts';
import { GraphSession } from '../../engine/graph/session.ts';
import { reducedTypeOf } from '../../engine/precision.ts';
import type { HostTensor } from '../../engine/session/host-tensor.ts';
import type { BatchSampler } from '../../programs/batch-sampler.ts';
import { flattenState, layoutOf, unflattenState, type StateLayout } from '../../programs/flat-state.ts';
import { emptySampling, samplingProgram, SessionSampler } from '../../programs/sampling.ts';
import { takeStep, type GoesOn, type Step } from '../../programs/take-step.ts';
import { emptySum, trainingStep } from '../../programs/training-step.ts';
import { disposeAll } from '../tensor-files.ts';
import type { PictureBatch } from './batch.ts';
import { programKey } from './program-key.ts';
import type { Trainer, TrainerPlan } from './trainer.ts';

/**
 * Settings that reach a step through what is fed, or not at all. The program is recorded without them, so that runs that
 * differ in nothing else share it.
 */
const FED = { seed: 0, durationImages: 1, learningRate: 1, decayBatches: 0, rampUpImages: 0 } as const;

/**
 * Trains by a recorded graph: the state lives in TensorFlow's session, and a step is one call, on threads of its own.
 * The numbers are those of the same program op by op, but for rounding: Adam and the averages are done in place, by
 * kernels that sum in their own order.
 */
export class GraphTrainer implements Trainer {
  readonly #plan: TrainerPlan;
  readonly #layout: StateLayout;
  readonly #state: readonly string[];
  readonly #session: GraphSession;

  private constructor(plan: TrainerPlan, layout: StateLayout, state: readonly string[], session: GraphSession) {
    this.#plan = plan;
    this.#layout = layout;
    this.#state = state;
    this.#session = session;
  }

  /** @param state the trainer's from now on; its tensors are gone afterwards, whatever happens */
  static async open(plan: TrainerPlan, state: TrainState): Promise<GraphTrainer> {
    const layout = layoutOf(state);
    const flat = flattenState(state);
    try {
      const { program, empty } = recorded(plan, layout, flat);
      const session = new GraphSession(program);
      try {
        await session.initialise((name) => empty(name) ?? flat[name]!);
      } catch (error) {
        session.close();
        throw error;
      }
      return new GraphTrainer(plan, layout, Object.keys(flat), session);
    } finally {
      disposeState(state);
      disposeAll(state.buffers);
    }
  }

  step(nimg: number, { images, labels }: PictureBatch, measure: boolean, goesOn?: GoesOn): Promise<Step | null> {
    const batch = { images, ...(labels === null ? {} : { labels }) };
    return takeStep(this.#session, { training: this.#plan.training, nimg, batch, measure }, goesOn);
  }

  async withState<T>(use: (state: TrainState) => T): Promise<T> {
    const flat = tensorsOf(await this.#session.read(this.#state));
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
}

/** The program of a run, from the cache if it is there, and what of its state is no training state, as it begins. */
function recorded(
  plan: TrainerPlan,
  layout: StateLayout,
  state: ReturnType<typeof flattenState>,
): { readonly program: GraphProgram; readonly empty: (name: string) => HostTensor | undefined } {
  const specs = Object.fromEntries(Object.entries(state).map(([name, { shape }]) => [name, float32(...shape)]));
  const sampling = gridSampling(plan, layout);
  const neutral: TrainerPlan = { ...plan, training: { ...plan.training, ...FED } };
  const reduced = reducedTypeOf(plan.training.precision);
  const step = trainingStep(plan.plan, neutral.training, layout);
  const spec: ProgramSpec = {
    state: { ...specs, ...step.sums, ...sampling.state },
    entries: { ...step.entries, ...sampling.entries },
    reduced,
  };
  return {
    program: cachedProgram(programKey([neutral, reduced]), () => recordProgram(spec)),
    empty: (name) => emptySampling(sampling, name) ?? emptySum(step, name),
  };
}

/** Draws with the grid's average as it is at that moment, where it is: weights are normalised at each evaluation. */
function gridSampling({ plan, grid, training }: TrainerPlan, layout: StateLayout): ProgramSpec {
  return samplingProgram(plan.shape, grid.count, (state, labels, casts) => {
    const { averages, buffers } = unflattenState(state, layout);
    const network = { plan, parameters: averages[grid.average]!, buffers };
    const precision = precisionOf(training.precision, casts);
    return (x, sigma) => denoise(network, x, sigma, labels, { precision });
  });
}
