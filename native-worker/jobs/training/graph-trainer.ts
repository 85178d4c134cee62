import type { Tensor } from '@tensorflow/tfjs-core';
import { readyFromStacks } from '../../edm2/network/network.ts';
import { denoise } from '../../edm2/network/precondition.ts';
import { precisionOf } from '../../edm2/tensors/precision.ts';
import type { StateSource } from '../../edm2/training/state.ts';
import { hostOf } from '../../engine/session/host.ts';
import { cachedProgram } from '../../engine/recording/program-cache.ts';
import { recordProgram, type GraphProgram, type ProgramSpec } from '../../engine/recording/program.ts';
import { GraphSession, type HeldTensors, type TracedRun } from '../../engine/session/graph-session.ts';
import { reducedTypeOf } from '../../engine/precision.ts';
import { executionOf, type Execution } from '../../engine/sides.ts';
import type { HostTensor } from '../../engine/session/host-tensor.ts';
import {
  emptySampling,
  samplingProgram,
  SessionSampler,
  type BatchSampler,
  type DrawnBatch,
} from '../../programs/sampling.ts';
import {
  plannedLayout,
  stateSources,
  stateSpecs,
  unflattenState,
  type StateLayout,
} from '../../programs/flat-state.ts';
import { takeStep, type GoesOn, type Step } from '../../programs/take-step.ts';
import { emptySum, trainingStep } from '../../programs/training-step.ts';
import { collectGarbage } from '../collect-garbage.ts';
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
  readonly #session: GraphSession;
  readonly sides: number;
  readonly trace = (work: () => Promise<void>): Promise<readonly TracedRun[]> => this.#session.trace(work);

  private constructor(plan: TrainerPlan, session: GraphSession, sides: number) {
    this.#plan = plan;
    this.#session = session;
    this.sides = sides;
  }

  /** @param source of the state; each tensor goes into the session before the next is read */
  static async open(plan: TrainerPlan, source: StateSource): Promise<GraphTrainer> {
    const averages = plan.training.sigmaRels.length;
    const layout = plannedLayout(plan.plan, averages);
    const sources = stateSources(plan.plan, averages);
    const execution = executionOf(plan.training.microBatch ?? plan.training.batchSize);
    const { program, empty } = recorded(plan, layout, execution);
    const session = new GraphSession(program, execution.session);
    try {
      await session.initialise((name) => empty(name) ?? takenFrom(sources.get(name)!(source)));
      collectGarbage(); // of recording, and the numbers that were handed over
      return new GraphTrainer(plan, session, execution.sides);
    } catch (error) {
      session.close();
      throw error;
    }
  }

  step(nimg: number, { images, labels }: PictureBatch, measure: boolean, goesOn?: GoesOn): Promise<Step | null> {
    const batch = { images, ...(labels === null ? {} : { labels }) };
    return takeStep(this.#session, { training: this.#plan.training, nimg, batch, measure }, goesOn);
  }

  hold(names: readonly string[]): Promise<HeldTensors> {
    return this.#session.hold(names);
  }

  sampler(): BatchSampler {
    const { plan, grid } = this.#plan;
    return new SessionSampler(this.#session, plan.shape, gridBatch(grid.count, this.sides));
  }

  dispose(): void {
    this.#session.close();
  }
}

/** The numbers of a tensor, which is gone then. */
function takenFrom(tensor: Tensor): HostTensor {
  try {
    return hostOf(tensor);
  } finally {
    tensor.dispose();
  }
}

/** The program of a run, from the cache if it is there, and what of its state is no training state, as it begins. */
function recorded(
  plan: TrainerPlan,
  layout: StateLayout,
  { sides, compiled }: Execution,
): { readonly program: GraphProgram; readonly empty: (name: string) => HostTensor | undefined } {
  const sampling = gridSampling(plan, layout, sides);
  const neutral: TrainerPlan = { ...plan, training: { ...plan.training, ...FED } };
  const reduced = reducedTypeOf(plan.training.precision);
  const step = trainingStep(plan.plan, neutral.training, layout, 'uint8', sides);
  const spec: ProgramSpec = {
    state: { ...stateSpecs(plan.plan, layout.averages), ...step.sums, ...sampling.state },
    entries: { ...step.entries, ...sampling.entries },
    reduced,
    compiled,
  };
  return {
    program: cachedProgram(programKey([neutral, reduced, sides, compiled]), spec.state, () => recordProgram(spec)),
    empty: (name) => emptySampling(sampling, name) ?? emptySum(step, name),
  };
}

/** Draws with the grid's average as it is at that moment, where it is: weights are normalised at each evaluation. */
function gridSampling({ plan, grid, training }: TrainerPlan, layout: StateLayout, sides: number): ProgramSpec {
  return samplingProgram(plan.shape, gridBatch(grid.count, sides), (state, casts) => {
    const { averages, buffers } = unflattenState(state, layout);
    const precision = precisionOf(training.precision, casts);
    const network = readyFromStacks({ plan, parameters: averages[grid.average]!, buffers }, precision);
    return (x, sigma, labels) => denoise(network, x, sigma, labels, { precision });
  });
}

/** A grid's batch, filled up so that its sides are equally large. */
function gridBatch(count: number, sides: number): DrawnBatch {
  return { count: Math.ceil(count / sides) * sides, sides };
}
