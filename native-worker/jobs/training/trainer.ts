import type { NetworkPlan } from '../../../contract/architecture.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import type { TrainState } from '../../edm2/types.ts';
import type { BatchSampler } from '../../programs/batch-sampler.ts';
import type { PictureBatch } from './batch.ts';

/** What a trainer must know before it begins; a graph has all shapes fixed in it. */
export interface TrainerPlan {
  readonly plan: NetworkPlan;
  readonly training: TrainingConfig;
  /** Index of the average that draws grids, and how many pictures it draws at once. */
  readonly grid: { readonly average: number; readonly count: number };
}

/** Root mean squares of a step, dimensionless. */
export interface StepMagnitudes {
  /** In the order of `weightNames(plan)`. */
  readonly weights: Float32Array;
  /** In the order of `blockNames(plan)`. */
  readonly activations: Float32Array;
}

/** What an optimiser step tells. */
export interface Step {
  /** Mean loss per element of each picture, [N]. */
  readonly lossPerImage: Float32Array;
  /** Only if asked for. */
  readonly magnitudes: StepMagnitudes | null;
}

/** Takes optimiser steps and owns the state that they change. One thing at a time may be asked of it. */
export interface Trainer {
  /**
   * Takes a step. JavaScript goes on meanwhile, where the engine can.
   *
   * @param nimg    training images seen before the step
   * @param batch   must stay as it is until the step is over
   * @param measure whether to return magnitudes
   */
  step(nimg: number, batch: PictureBatch, measure: boolean): Promise<Step>;
  /** Lends the whole state, to be written to a file; the tensors are valid until `use` returns. */
  withState<T>(use: (state: TrainState) => T): Promise<T>;
  /** Draws with the average of the run's grids as it is now; dispose it before the next step. */
  sampler(): BatchSampler;
  dispose(): void;
}
