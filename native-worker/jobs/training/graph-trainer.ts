import type { Tensor } from '@tensorflow/tfjs-core';
import { imagesAtOnce, imagesAtOnceOn } from '../../../contract/micro-batch.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import { readyFromStacks } from '../../edm2/network/network.ts';
import { denoise } from '../../edm2/network/precondition.ts';
import { precisionOf } from '../../edm2/tensors/precision.ts';
import type { StateSource } from '../../edm2/training/state.ts';
import { hostOf } from '../../engine/session/host.ts';
import { cachedProgram } from '../../engine/recording/program-cache.ts';
import {
  recordProgram,
  type GraphProgram,
  type ProgramSpec,
  type TowersProgram,
} from '../../engine/recording/program.ts';
import { onDevices } from '../../engine/recording/towers.ts';
import { GraphSession, type HeldTensors, type TracedRun } from '../../engine/session/graph-session.ts';
import { reducedTypeOf } from '../../engine/precision.ts';
import {
  checkDevices,
  deviceNames,
  executionAcross,
  executionOf,
  executionOn,
  type Execution,
} from '../../engine/sides.ts';
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
  stateNames,
  stateSources,
  stateSpecs,
  unflattenState,
  type StateLayout,
} from '../../programs/flat-state.ts';
import {
  EVALUATE,
  evaluateInSession,
  evaluationEntry,
  type Evaluated,
  type HostEvaluation,
  type HostNoisyBatch,
} from '../../programs/evaluation.ts';
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

  /** @param source of the state; each tensor goes into the session before the next is read, once a device */
  static async open(plan: TrainerPlan, source: StateSource): Promise<GraphTrainer> {
    const { devices = 1, joined = null } = plan;
    const names = deviceNames(joined?.devices ?? [devices]);
    const training = sharedOut(plan.training, devices);
    const shared = { ...plan, training };
    const sources = stateSources(plan.plan, training.sigmaRels.length);
    const execution = executionFor(shared);
    const { program, empty } = devices === 1 ? recorded(shared, execution) : recordedForAll(shared, execution, names);
    const session = new GraphSession(program, execution.session);
    try {
      await checkDevices(session, names);
      await session.initialise((name) => empty(name) ?? takenFrom(sources.get(name)!(source)));
      collectGarbage(); // of recording, and the numbers that were handed over
      return new GraphTrainer(shared, session, execution.sides);
    } catch (error) {
      session.close();
      throw error;
    }
  }

  step(nimg: number, { images, labels }: PictureBatch, measure: boolean, goesOn?: GoesOn): Promise<Step | null> {
    const batch = { images, ...(labels === null ? {} : { labels }) };
    return takeStep(this.#session, { training: this.#plan.training, nimg, batch, measure }, goesOn);
  }

  async mend(): Promise<readonly number[]> {
    if (this.#session.towers === 1) return [];
    const weights = this.#plan.plan.parameters.map(({ name }) => stateNames.parameter(name));
    const differing = await this.#session.differing(weights);
    for (const device of differing) await this.#session.copyFirstTo(device);
    return differing;
  }

  hold(names: readonly string[]): Promise<HeldTensors> {
    return this.#session.hold(names);
  }

  sampler(): BatchSampler {
    const { plan, grid } = this.#plan;
    return new SessionSampler(this.#session, plan.shape, gridBatch(grid.count, this.sides));
  }

  evaluate(network: Evaluated, batch: HostNoisyBatch, measure: boolean): Promise<HostEvaluation> {
    return evaluateInSession(this.#session, network, batch, measure);
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

/** A program, from the cache if it is there, and what of its state is no training state, as it begins. */
interface Recorded<Program extends GraphProgram = GraphProgram> {
  readonly program: Program;
  readonly empty: (name: string) => HostTensor | undefined;
}

/** The program of a run; of several devices that of the first, which keeps the averages and draws, or of any other. */
function recorded(plan: TrainerPlan, { sides, compiled }: Execution, keeps: 'all' | 'weights' = 'all'): Recorded {
  const { devices = 1 } = plan;
  const layout = plannedLayout(plan.plan, keeps === 'all' ? plan.training.sigmaRels.length : 0);
  const sampling = keeps === 'all' ? gridSampling(plan, layout, sides) : null;
  const evaluation = keeps === 'all' ? evaluationEntries(plan, layout, sides) : {};
  const neutral: TrainerPlan = { ...plan, joined: null, training: { ...plan.training, ...FED } };
  const reduced = reducedTypeOf(plan.training.precision);
  const step = trainingStep(plan.plan, neutral.training, layout, { sides, devices, compiled });
  const spec: ProgramSpec = {
    state: { ...stateSpecs(plan.plan, layout.averages), ...step.sums, ...sampling?.state },
    entries: { ...step.entries, ...sampling?.entries, ...evaluation },
    reduced,
    compiled,
    devices,
  };
  const key = programKey([neutral, reduced, sides, compiled, keeps]);
  return {
    program: cachedProgram(key, spec.state, () => recordProgram(spec)),
    empty: (name) => (sampling && emptySampling(sampling, name)) ?? emptySum(step, name),
  };
}

/** The program of a run on several devices. */
function recordedForAll(plan: TrainerPlan, execution: Execution, names: readonly string[]): Recorded<TowersProgram> {
  const first = recorded(plan, execution);
  const others = recorded(plan, execution, 'weights');
  return { program: onDevices(first.program, others.program, names), empty: first.empty };
}

function executionFor({ training, devices = 1, joined = null }: TrainerPlan): Execution {
  if (joined !== null) return executionAcross(joined);
  return devices === 1 ? executionOf(imagesAtOnce(training)) : executionOn(devices);
}

/** The run's training, its micro-batch being what one of several devices takes at once. */
function sharedOut(training: TrainingConfig, devices: number): TrainingConfig {
  return devices === 1 ? training : { ...training, microBatch: imagesAtOnceOn(training, devices) };
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

function evaluationEntries(
  { plan, training, evaluated = 0 }: TrainerPlan,
  layout: StateLayout,
  sides: number,
): ProgramSpec['entries'] {
  return evaluated === 0 ? {} : { [EVALUATE]: evaluationEntry(plan, training.precision, layout, evaluated, sides) };
}

/** A grid's batch, filled up so that its sides are equally large. */
function gridBatch(count: number, sides: number): DrawnBatch {
  return { count: Math.ceil(count / sides) * sides, sides };
}
