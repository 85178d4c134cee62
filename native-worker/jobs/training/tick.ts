import { AppError } from '../../../contract/errors.ts';

/** What a tick says about its images. */
export interface TickSummary {
  /** Mean over the images of the loss per element. */
  readonly loss: number;
  /** Standard error of that mean; null with a single image. */
  readonly lossStderr: number | null;
  readonly imagesPerSecond: number | null;
}

/** Collects the losses of the images since the last tick. */
export class TickMeter {
  /** One an image. */
  #losses: number[];
  /** Seconds spent in steps since the last tick, pauses and drawing left out. */
  #seconds: number;

  /** @param losses, seconds of a tick that a pause cut in two, as the checkpoint kept them */
  constructor(losses: readonly number[] = [], seconds = 0) {
    this.#losses = [...losses];
    this.#seconds = seconds;
  }

  /**
   * @param nimg    images seen before the step
   * @param losses  one a picture
   * @param seconds what the step took
   * @throws {AppError} 'not-finite' if a loss is
   */
  add(nimg: number, losses: Float32Array, seconds: number): void {
    if (!losses.every(Number.isFinite)) throw notFinite(nimg);
    this.#losses.push(...losses);
    this.#seconds += seconds;
  }

  /** What a checkpoint in the middle of a tick must keep, as it is now: the file is written while training goes on. */
  partial(): { readonly losses: readonly number[]; readonly seconds: number } {
    return { losses: [...this.#losses], seconds: this.#seconds };
  }

  /** Ends the tick and starts the next. */
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
}

function notFinite(nimg: number): AppError {
  return new AppError(
    'not-finite',
    `The loss was not a finite number after ${nimg} images. The last checkpoint is from before and is kept. ` +
      'Start a run with a lower learning rate, or a longer ramp-up.',
  );
}
