import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { NetworkPlan } from '../../../contract/architecture.ts';
import type { TrainingConfig } from '../../../contract/training.ts';
import { disposeState } from '../../edm2/training/state.ts';
import { gradientsInParts, microBatches, type BatchGradients } from '../../edm2/training/gradients.ts';
import { encodePixels } from '../../edm2/tensors/pixels.ts';
import { readyFromStacks } from '../../edm2/network/network.ts';
import { denoise } from '../../edm2/network/precondition.ts';
import { randomSource } from '../../edm2/tensors/random.ts';
import { stepScalars } from '../../edm2/training/schedule.ts';
import { evaluate, type Evaluation } from '../../edm2/training/evaluate.ts';
import { unitMagnitudes } from '../../edm2/training/measure-update.ts';
import { applyGradients } from '../../edm2/training/step.ts';
import type { Batch, TrainState } from '../../edm2/tensors/types.ts';
import type { HostTensor } from '../../engine/session/host-tensor.ts';
import { hostOf, tensorOf } from '../../engine/session/host.ts';
import { holding, placesOf, type HeldTensors } from '../../engine/session/graph-session.ts';
import { randomKernels } from '../../engine/random.ts';
import { tf } from '../../engine/tensorflow.ts';
import { flattenState, stateSpecs } from '../../programs/flat-state.ts';
import type { Evaluated, HostEvaluation, HostNoisyBatch } from '../../programs/evaluation.ts';
import { EagerSampler, type BatchSampler, type ClassDenoiser } from '../../programs/sampling.ts';
import { rowsOf, stepProgress, type GoesOn, type Step } from '../../programs/take-step.ts';
import { breathe } from '../context.ts';
import { disposeAll } from '../tensor-files.ts';
import type { PictureBatch } from './batch.ts';
import type { Trainer, TrainerPlan } from './trainer.ts';

/** Trains op by op: every kernel is called from JavaScript. Slower than a graph, and easier to look into. */
export class EagerTrainer implements Trainer {
  readonly #plan: NetworkPlan;
  readonly #training: TrainingConfig;
  readonly #gridAverage: number;
  readonly trace = null;
  readonly sides = 1;
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

  async step(nimg: number, pictures: PictureBatch, measure: boolean, goesOn?: GoesOn): Promise<Step | null> {
    const backward = await this.#backward(nimg, pictures, measure, goesOn);
    if (backward === null) return null;
    const scalars = stepScalars(this.#training, nimg);
    const result = applyGradients(this.#plan, this.#training, this.#state, backward, scalars);
    disposeState(this.#state);
    this.#state = result.state;
    const { loss, measured } = result;
    const step: Step = {
      perImage: rowsOf(await backward.perImage.data<'float32'>()),
      measured: measured && {
        forward: await measured.forward.data<'float32'>(),
        layers: await measured.layers.data<'float32'>(),
        units: await measured.units.data<'float32'>(),
        gains: (await measured.gains?.data<'float32'>()) ?? new Float32Array(),
      },
    };
    tf.dispose([loss, scalars, backward, measured] as never);
    return step;
  }

  async #backward(
    nimg: number,
    pictures: PictureBatch,
    measure: boolean,
    goesOn?: GoesOn,
  ): Promise<BatchGradients | null> {
    const { parameters, buffers } = this.#state;
    const network = { plan: this.#plan, parameters, buffers };
    const random = randomSource(randomKernels, this.#training.seed, nimg);
    const batch = tf.tidy(() => encoded(pictures) as never) as Batch;
    try {
      const start = performance.now();
      const of = microBatches(this.#training);
      const parts = gradientsInParts(network, this.#training, batch, random, { measure });
      for (let part = parts.next(); ; part = parts.next()) {
        if (part.done === true) return part.value;
        await breathe();
        if (goesOn?.(stepProgress(part.value, of, start)) !== false) continue;
        parts.return(null as never);
        return null;
      }
    } finally {
      tf.dispose(batch as never);
    }
  }

  mend(): Promise<readonly number[]> {
    return Promise.resolve([]); // one device
  }

  hold(names: readonly string[]): Promise<HeldTensors> {
    const flat = flattenState(this.#state);
    const places = placesOf(stateSpecs(this.#plan, this.#state.averages.length), names);
    // A step replaces tensors and changes none, so another name for them is enough.
    const held = new Map([...places.values()].map(({ state }) => [state, flat[state]!]));
    for (const [state, tensor] of held) held.set(state, tensor.clone());
    const read = (tensor: Tensor, row: number | null): HostTensor =>
      tf.tidy(() => hostOf(row === null ? tensor : tf.squeeze(tf.slice(tensor, row, 1), [0])) as never);
    return Promise.resolve(holding(held, places, read));
  }

  sampler(): BatchSampler {
    const { averages, buffers } = this.#state;
    const network = readyFromStacks({ plan: this.#plan, parameters: averages[this.#gridAverage]!, buffers });
    const denoiser: ClassDenoiser = (x, sigma, labels) => denoise(network, x, sigma, labels);
    return new EagerSampler(denoiser, () => disposeAll(network.inUse));
  }

  async evaluate(
    network: Evaluated,
    { images, labels, sigma, noise }: HostNoisyBatch,
    measure: boolean,
  ): Promise<HostEvaluation> {
    const { parameters, averages, buffers } = this.#state;
    const stacks = network === 'raw' ? parameters : averages[network]!;
    const evaluation = tf.tidy(() => {
      const ready = readyFromStacks({ plan: this.#plan, parameters: stacks, buffers });
      const noisy = { sigma: tensorOf(sigma) as Tensor1D, noise: tensorOf(noise) as Tensor4D };
      const result = evaluate(ready, { ...encoded({ images, labels }), ...noisy });
      return { ...result, units: unitMagnitudes(this.#plan, stacks) } as never;
    }) as Evaluation & { readonly units: Tensor1D };
    const result: HostEvaluation = {
      perImage: rowsOf(await evaluation.perImage.data<'float32'>()),
      forward: measure ? await evaluation.forward.data<'float32'>() : new Float32Array(),
      units: measure ? await evaluation.units.data<'float32'>() : new Float32Array(),
    };
    tf.dispose(evaluation as never);
    return result;
  }

  dispose(): void {
    disposeState(this.#state);
    disposeAll(this.#state.buffers);
  }
}

/** The batch as the network takes it; for the tidy around the call. */
function encoded({ images, labels }: PictureBatch): Batch {
  return {
    images: encodePixels(tensorOf(images) as Tensor4D),
    labels: labels === null ? null : (tensorOf(labels) as Tensor2D),
  };
}
