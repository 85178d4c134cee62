import type { NetworkPlan } from '../../../contract/architecture.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import { disposeState } from '../../edm2/initial.ts';
import { denoise } from '../../edm2/precondition.ts';
import { randomSource } from '../../edm2/random.ts';
import { stepScalars } from '../../edm2/step-scalars.ts';
import { trainStep } from '../../edm2/train-step.ts';
import type { Batch, StepResult, TrainState } from '../../edm2/types.ts';
import { randomKernels } from '../../engine/random.ts';
import { tf } from '../../engine/tensorflow.ts';
import { EagerSampler, type BatchSampler } from '../../programs/batch-sampler.ts';
import { disposeAll } from '../tensor-files.ts';
import type { Step, Trainer, TrainerPlan } from './trainer.ts';

/** Trains op by op: every kernel is called from JavaScript. Slower than a graph, and easier to look into. */
export class EagerTrainer implements Trainer {
  readonly #plan: NetworkPlan;
  readonly #training: TrainingConfig;
  readonly #gridAverage: number;
  #state: TrainState;

  /**
   * @param plan  its precision is fp32
   * @param state the trainer's from now on
   */
  constructor({ plan, training, grid }: TrainerPlan, state: TrainState) {
    this.#gridAverage = grid.average;
    this.#plan = plan;
    this.#training = training;
    this.#state = state;
  }

  step(nimg: number, batch: Batch, measure: boolean): Step {
    const training = this.#training;
    const result: StepResult = tf.tidy(() => {
      const random = randomSource(randomKernels, training.seed, nimg);
      return trainStep(this.#plan, training, this.#state, batch, stepScalars(training, nimg), random, measure) as never;
    });
    disposeState(this.#state);
    this.#state = result.state;
    tf.dispose([result.loss, result.sigma]);
    return result;
  }

  withState<T>(use: (state: TrainState) => T): T {
    return use(this.#state);
  }

  sampler(): BatchSampler {
    const { averages, buffers } = this.#state;
    const network = { plan: this.#plan, parameters: averages[this.#gridAverage]!, buffers };
    return new EagerSampler((labels) => (x, sigma) => denoise(network, x, sigma, labels));
  }

  dispose(): void {
    disposeState(this.#state);
    disposeAll(this.#state.buffers);
  }
}
