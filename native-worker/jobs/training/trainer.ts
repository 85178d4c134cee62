import type { Tensor1D } from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import type { Batch, Magnitudes, TrainState } from '../../edm2/types.ts';
import type { BatchSampler } from '../../programs/batch-sampler.ts';

/** What a trainer must know before it begins; a graph has all shapes fixed in it. */
export interface TrainerPlan {
  readonly plan: NetworkPlan;
  readonly training: TrainingConfig;
  /** Index of the average that draws grids, and how many pictures it draws at once. */
  readonly grid: { readonly average: number; readonly count: number };
}

/** What an optimiser step tells; the tensors belong to the caller. */
export interface Step {
  /** Mean loss per element of each picture, [N]. */
  readonly lossPerImage: Tensor1D;
  /** Only if asked for. */
  readonly magnitudes: Magnitudes | null;
}

/** Takes optimiser steps and owns the state that they change. */
export interface Trainer {
  /**
   * @param nimg    training images seen before the step
   * @param batch   stays the caller's
   * @param measure whether to return magnitudes
   */
  step(nimg: number, batch: Batch, measure: boolean): Step;
  /** Lends the whole state, to be written to a file; the tensors are valid until `use` returns. */
  withState<T>(use: (state: TrainState) => T): T;
  /** Draws with the average of the run's grids as it is now; dispose it before the next step. */
  sampler(): BatchSampler;
  dispose(): void;
}
