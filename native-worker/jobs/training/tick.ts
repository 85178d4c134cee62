import { AppError } from '../../../contract/errors.ts';
import { exactImages } from '../../../contract/units.ts';
import { perImageOf, perImageRows, type PerImage } from '../../edm2/tensors/types.ts';

/** What a tick says about its images. */
export interface TickSummary {
  /** Mean over the images of the loss per element. */
  readonly loss: number;
  /** Standard error of that mean; null with a single image. */
  readonly lossStderr: number | null;
  /** Mean over the images of λ(σ) (D − y)² per element; NaN if it was not told of all of them. */
  readonly weightedError: number;
  readonly imagesPerSecond: number | null;
}

/** A tick under way: what steps told of its images, and the seconds that they took. */
export interface PartialTick {
  readonly images: PerImage<readonly number[]>;
  /** Pauses and drawing left out. */
  readonly seconds: number;
}

const nothing: PartialTick = { images: perImageOf(() => []), seconds: 0 };

/** Collects what steps tell of the images since the last tick. */
export class TickMeter {
  #images: PerImage<number[]>;
  #seconds: number;

  /** @param begun a tick that a pause cut in two, as the checkpoint kept it */
  constructor({ images, seconds }: PartialTick = nothing) {
    this.#images = copyOf(images);
    this.#seconds = seconds;
  }

  /**
   * @param nimg    images seen before the step
   * @param told    of each picture
   * @param seconds what the step took
   * @throws {AppError} 'not-finite' if a loss is
   */
  add(nimg: number, told: PerImage<Float32Array>, seconds: number): void {
    if (!told.loss.every(Number.isFinite)) throw notFinite(nimg);
    for (const name of perImageRows) for (const value of told[name]) this.#images[name].push(value);
    this.#seconds += seconds;
  }

  /** What a checkpoint in the middle of a tick must keep, as it is now: the file is written while training goes on. */
  partial(): PartialTick {
    return { images: copyOf(this.#images), seconds: this.#seconds };
  }

  /** Ends the tick and starts the next. @returns also what was told of its images */
  finish(): { readonly summary: TickSummary; readonly images: PerImage<readonly number[]> } {
    const { images, seconds } = { images: this.#images, seconds: this.#seconds };
    this.#images = copyOf(nothing.images);
    this.#seconds = 0;
    const count = images.loss.length;
    const loss = sumOf(images.loss) / count;
    const squares = images.loss.reduce((sum, value) => sum + (value - loss) ** 2, 0);
    const summary = {
      loss,
      lossStderr: count > 1 ? Math.sqrt(squares / (count - 1) / count) : null,
      weightedError: sumOf(images.error) / count,
      imagesPerSecond: seconds > 0 ? count / seconds : null,
    };
    return { summary, images };
  }
}

function copyOf(images: PerImage<readonly number[]>): PerImage<number[]> {
  return perImageOf((name) => [...images[name]]);
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function notFinite(nimg: number): AppError {
  return new AppError(
    'not-finite',
    `The loss was not a finite number after ${exactImages(nimg)}. The last checkpoint is from before and is kept. ` +
      'Start a run with a lower learning rate, or a longer ramp-up.',
  );
}
