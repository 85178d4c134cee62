import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { advance, beginSampling, disposeSampling } from '../edm2/sampling/heun.ts';
import type { Denoiser, SamplerState, Stage } from '../edm2/sampling/heun.ts';
import { addNoise } from '../edm2/sampling/stochastic.ts';
import { tf } from '../engine/tensorflow.ts';

/** Takes a batch of pictures from noise to pictures, stage by stage (`samplerSteps`). */
export interface BatchSampler {
  /**
   * Begins a batch. Nothing else may be asked for before it has, nor before a stage is over.
   *
   * @param noise  standard normal numbers, [n, R, R, channels]; stays the caller's
   * @param sigma  the first noise level
   * @param labels one-hot classes, [n, labelDim]; null: none. Stays the caller's
   */
  begin(noise: Tensor4D, sigma: number, labels: Tensor2D | null): Promise<void>;
  /** Adds fresh noise, as long as the batch, of the given standard deviation; before the first stage of a step. */
  addNoise(noise: Tensor4D, deviation: number): Promise<void>;
  runStage(stage: Stage): Promise<void>;
  /** The batch as it is after the last whole step, [n, R, R, channels]; the caller disposes it. */
  pictures(): Promise<Tensor4D>;
  dispose(): void;
}

/** Samples op by op: every kernel is called from JavaScript. */
export class EagerSampler implements BatchSampler {
  readonly #denoise: (labels: Tensor2D | null) => Denoiser;
  #state: SamplerState | null = null;
  #labels: Tensor2D | null = null;

  /** @param denoise the denoiser for given classes; what it needs must outlive the sampler */
  constructor(denoise: (labels: Tensor2D | null) => Denoiser) {
    this.#denoise = denoise;
  }

  begin(noise: Tensor4D, sigma: number, labels: Tensor2D | null): Promise<void> {
    this.dispose();
    this.#state = beginSampling(noise, sigma);
    this.#labels = labels === null ? null : labels.clone();
    return Promise.resolve();
  }

  addNoise(noise: Tensor4D, deviation: number): Promise<void> {
    const before = this.#now();
    this.#state = addNoise(before, noise, deviation);
    tf.dispose([before.start, before.at] as Tensor[]);
    return Promise.resolve();
  }

  runStage(stage: Stage): Promise<void> {
    this.#state = advance(this.#denoise(this.#labels), this.#now(), stage);
    return Promise.resolve();
  }

  pictures(): Promise<Tensor4D> {
    return Promise.resolve(this.#now().start.clone());
  }

  dispose(): void {
    if (this.#state !== null) disposeSampling(this.#state);
    this.#labels?.dispose();
    this.#state = null;
    this.#labels = null;
  }

  #now(): SamplerState {
    if (this.#state === null) throw new Error('sampling has not begun');
    return this.#state;
  }
}
