import type { RunLimit } from './options.ts';

/** Seconds that a step may take, where nothing else is said. */
export const USUAL_STEP_SECONDS = 60;

/** TensorFlow from a slow disk and a card's context, or the first talk between machines: none takes longer. */
const MOST_START_MS = 120_000;

/** TensorFlow plans what it runs for the first time, and compiles kernels for a card that it has none for. */
const FIRST = 30;

/** A step that takes so many times as long as the slowest before it has lost a machine. */
const SLOWEST = 3;

/** So many runs are remembered. */
const REMEMBERED = 10;

/**
 * How long a run of a session may take in which machines wait for each other: one that has stopped says nothing. A run has
 * `seconds`, or three times as long as the slowest of the last ten if that is more, and the first of its kind thirty times
 * `seconds`.
 */
export class StepLimit implements RunLimit {
  readonly startMs: number;
  readonly #milliseconds: number;
  readonly #taken = new Map<string, number[]>();

  constructor(seconds = USUAL_STEP_SECONDS) {
    this.#milliseconds = 1000 * seconds;
    this.startMs = Math.min(MOST_START_MS, FIRST * this.#milliseconds);
  }

  of(run: string): number {
    const taken = this.#taken.get(run);
    if (taken === undefined) return FIRST * this.#milliseconds;
    return Math.max(this.#milliseconds, SLOWEST * Math.max(...taken));
  }

  took(run: string, milliseconds: number): void {
    const taken = [...(this.#taken.get(run) ?? []), milliseconds];
    this.#taken.set(run, taken.slice(-REMEMBERED));
  }
}
