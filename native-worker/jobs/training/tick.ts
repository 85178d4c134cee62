import { AppError } from '../../../contract/errors.ts';
import { tf } from '../../engine/tensorflow.ts';

/** What a tick says about its images. */
export interface TickSummary {
  /** Mean over the images of the loss per element. */
  readonly loss: number;
  /** Standard error of that mean; null with a single image. */
  readonly lossStderr: number | null;
  readonly imagesPerSecond: number | null;
}

/**
 * Collects the losses of the images since the last tick. They stay on the device until somebody needs them, so that a
 * step never waits for its own loss.
 */
export class TickMeter {
  /** Losses that were read already, one an image. */
  #losses: number[];
  /** Losses still on the device, one tensor a step, with nimg before that step. */
  #pending: { readonly nimg: number; readonly losses: import('@tensorflow/tfjs-core').Tensor1D }[] = [];
  /** Seconds spent in steps since the last tick, pauses and drawing left out. */
  #seconds: number;

  /** @param losses, seconds of a tick that a pause cut in two, as the checkpoint kept them */
  constructor(losses: readonly number[] = [], seconds = 0) {
    this.#losses = [...losses];
    this.#seconds = seconds;
  }

  /**
   * @param nimg    images seen before the step
   * @param losses  one a picture, [N]; the meter owns it from now on
   * @param seconds what the step took
   */
  add(nimg: number, losses: import('@tensorflow/tfjs-core').Tensor1D, seconds: number): void {
    this.#pending.push({ nimg, losses });
    this.#seconds += seconds;
  }

  /**
   * Reads the pending losses and makes sure that all are finite. This is a stop of the GPU: it waits for all steps so far.
   *
   * @throws {AppError} 'not-finite'
   */
  async settle(): Promise<void> {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    const start = performance.now();
    const joined = tf.tidy(() => tf.concat1d(pending.map(({ losses }) => losses)));
    for (const { losses } of pending) losses.dispose();
    const values = await joined.data<'float32'>(); // a stop of the GPU
    joined.dispose();
    this.#seconds += (performance.now() - start) / 1000; // the steps' own time, where the device works behind our back
    let offset = 0;
    for (const { nimg, losses } of pending) {
      const ofStep = values.subarray(offset, offset + losses.size);
      offset += losses.size;
      if (!ofStep.every(Number.isFinite)) throw notFinite(nimg);
      this.#losses.push(...ofStep);
    }
  }

  /** What a checkpoint in the middle of a tick must keep. Call `settle` first. */
  partial(): { readonly losses: readonly number[]; readonly seconds: number } {
    return { losses: this.#losses, seconds: this.#seconds };
  }

  /** Ends the tick and starts the next. Call `settle` first. */
  finish(): TickSummary {
    const losses = this.#losses;
    const seconds = this.#seconds;
    this.#losses = [];
    this.#seconds = 0;
    const count = losses.length;
    const loss = losses.reduce((sum, value) => sum + value, 0) / count;
    const squares = losses.reduce((sum, value) => sum + (value - loss) ** 2, 0);
    return {
      loss,
      lossStderr: count > 1 ? Math.sqrt(squares / (count - 1) / count) : null,
      imagesPerSecond: seconds > 0 ? count / seconds : null,
    };
  }

  dispose(): void {
    for (const { losses } of this.#pending) losses.dispose();
    this.#pending = [];
  }
}

function notFinite(nimg: number): AppError {
  return new AppError(
    'not-finite',
    `The loss was not a finite number after ${nimg} images. The last checkpoint is from before and is kept. ` +
      'Start a run with a lower learning rate, or a longer ramp-up.',
  );
}
