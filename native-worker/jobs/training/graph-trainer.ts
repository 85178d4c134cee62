import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { disposeState } from '../../edm2/initial.ts';
import { denoise } from '../../edm2/precondition.ts';
import { seedFor } from '../../edm2/seeds.ts';
import { stepScalars } from '../../edm2/step-scalars.ts';
import type { Batch, TrainState } from '../../edm2/types.ts';
import { backend } from '../../engine/binding.ts';
import { float32, recordProgram, type Entry } from '../../engine/graph/program.ts';
import { GraphSession } from '../../engine/graph/session.ts';
import { tf } from '../../engine/tensorflow.ts';
import { flattenState, layoutOf, unflattenState, type StateLayout } from '../../programs/flat-state.ts';
import { stepInputs, trainingStep } from '../../programs/training-step.ts';
import type { Denoise } from '../drawing.ts';
import { disposeAll } from '../tensor-files.ts';
import type { Step, Trainer, TrainerPlan } from './trainer.ts';

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
    const spec = {
      state: Object.fromEntries(Object.entries(flat).map(([name, { shape }]) => [name, float32(...shape)])),
      entries: { train: trainingStep(plan.plan, plan.training, this.#layout), denoise: this.#denoiseEntry() },
    };
    this.#session = new GraphSession(recordProgram(spec, backend().binding.TF_Version));
    this.#session.initialise(flat);
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

  denoiser(): Denoise {
    const { count } = this.#plan.grid;
    return (x, sigma, labels) =>
      tf.tidy(() => {
        const given = x.shape[0];
        const missing = count - given;
        const inputs = {
          x: padded(x, missing),
          sigma,
          ...(labels === null ? {} : { labels: padded(labels, missing) }),
        };
        const { denoised } = this.#session.run('denoise', inputs, noSeed, ['denoised']);
        return missing === 0 ? (denoised as Tensor4D) : tf.slice(denoised as Tensor4D, 0, given);
      });
  }

  dispose(): void {
    this.#session.close();
  }

  #denoiseEntry(): Entry {
    const { plan, grid } = this.#plan;
    const { resolution, channels, labelDim } = plan.shape;
    return {
      inputs: {
        x: float32(grid.count, resolution, resolution, channels),
        sigma: float32(1),
        ...(labelDim > 0 ? { labels: float32(grid.count, labelDim) } : {}),
      },
      run: ({ inputs, state }) => {
        const { averages, buffers } = unflattenState(state, this.#layout);
        const network = { plan, parameters: averages[grid.average]!, buffers };
        const labels = (inputs.labels as Tensor2D | undefined) ?? null;
        return { outputs: { denoised: denoise(network, inputs.x as Tensor4D, inputs.sigma as Tensor1D, labels) } };
      },
    };
  }
}

/** Drawing has no random numbers of its own. */
function noSeed(purpose: string): never {
  throw new Error(`the denoiser draws random numbers for ${purpose}`);
}

function padded<T extends Tensor>(x: T, missing: number): T {
  return missing === 0 ? x : (tf.concat([x, tf.zeros([missing, ...x.shape.slice(1)])]) as T);
}
