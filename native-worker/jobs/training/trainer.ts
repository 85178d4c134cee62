import type { NetworkPlan } from '../../../contract/architecture.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import type { Joined } from '../../engine/sides.ts';
import type { HeldTensors, TracedRun } from '../../engine/session/graph-session.ts';
import type { Evaluated, HostEvaluation, HostNoisyBatch } from '../../programs/evaluation.ts';
import type { BatchSampler } from '../../programs/sampling.ts';
import type { GoesOn, Step } from '../../programs/take-step.ts';
import type { PictureBatch } from './batch.ts';

/** What a trainer must know before it begins; a graph has all shapes fixed in it. */
export interface TrainerPlan {
  readonly plan: NetworkPlan;
  readonly training: TrainingConfig;
  /** Index of the average that draws grids, and how many pictures it draws at once. */
  readonly grid: { readonly average: number; readonly count: number };
  /** Pictures that are evaluated at once; default: 0, none ever are. */
  readonly evaluated?: number;
  /** Devices that share each batch, which they divide; default: 1. */
  readonly devices?: number;
  /** Where some of them are other processes'; default: all are this one's. */
  readonly joined?: Joined | null;
}

/** Takes optimiser steps and owns the state that they change. One thing at a time may be asked of it. */
export interface Trainer {
  /**
   * Takes a step. JavaScript goes on meanwhile, where the engine can.
   *
   * @param nimg    training images seen before the step
   * @param batch   must stay as it is until the step is over
   * @param measure whether to return what the step is measured by
   * @param goesOn  asked between micro-batches; false drops the step. The state is then as it was, and can be read, but no
   *   other step can be taken
   * @returns       null if the step was dropped
   */
  step(nimg: number, batch: PictureBatch, measure: boolean, goesOn?: GoesOn): Promise<Step | null>;
  /** Parts of a pass that are computed side by side (`sidesFor`). */
  readonly sides: number;
  /** Traces the steps that `work` takes; null: there is no trace of what this trainer computes. */
  readonly trace: ((work: () => Promise<void>) => Promise<readonly TracedRun[]>) | null;
  /**
   * Keeps parts of the state as they are now, however training goes on.
   *
   * @param names by `stateNames`
   */
  hold(names: readonly string[]): Promise<HeldTensors>;
  /**
   * Compares the weights of the devices that share each batch, which are to be the same. Where they aren't, the first
   * device's state takes the place of the other's.
   *
   * @returns which devices differed, counted from 0
   */
  mend(): Promise<readonly number[]>;
  /** Draws with the average of the run's grids as it is now; dispose it before the next step. */
  sampler(): BatchSampler;
  /**
   * How well a network of the state does on some pictures, as it is now.
   *
   * @param batch   as many pictures as are evaluated at once
   * @param measure whether its magnitudes are wanted, too; else they are empty
   */
  evaluate(network: Evaluated, batch: HostNoisyBatch, measure: boolean): Promise<HostEvaluation>;
  dispose(): void;
}
