import type { Failure } from '../../contract/job-failures.ts';
import type { EndRequest } from '../../contract/job-messages.ts';
import type { JobParameters, Progress } from '../../contract/jobs.ts';
import type { Asked } from './job-end.ts';
import type { JobProcess } from './job-process.ts';

/** A cancelled job that does not end by itself is killed: it has nothing to save. */
const CANCEL_MS = 30_000;

/**
 * A training job does not act on what it is asked while TensorFlow plans and computes its first step, which takes minutes
 * for a network that is too large for the machine. Most are through sooner and end by themselves.
 */
const FIRST_STEP_MS = 10_000;

/** A job with a process: how far it is, what it was asked, and how long it may take to do that. */
export class RunningJob {
  readonly process: JobProcess;
  readonly parameters: JobParameters;
  progress: Progress | null = null;
  /** When its progress was last written to its row, by the monotonic clock, ms. */
  writtenAt = -Infinity;
  /** It was killed because it could not be written down that it runs; null: it was not. */
  notStarted: Failure | null = null;
  /** Its process is gone; its end is being recorded. */
  over = false;
  readonly #firstStepMs: number;
  /** A training job's first step is done: there is something to save, and it hears us between two steps. Or it has heard. */
  #stepping = false;
  #request: EndRequest | null = null;
  #killed = false;
  #killTimer: NodeJS.Timeout | null = null;

  /** @param firstStepMs how long a training job that is asked to end may take over its first step */
  constructor(process: JobProcess, parameters: JobParameters, firstStepMs = FIRST_STEP_MS) {
    this.process = process;
    this.parameters = parameters;
    this.#firstStepMs = firstStepMs;
  }

  /** What was done to it, as far as its end depends on that. */
  get asked(): Omit<Asked, 'closing'> {
    return { request: this.#request, killed: this.#killed };
  }

  /** Asks it to end; one that has nothing to save is killed if it does not. */
  request(type: EndRequest): void {
    this.#request = type;
    this.process.request(type);
    const patience = this.#patience();
    if (patience === null) return;
    this.#killTimer ??= setTimeout(() => {
      this.#killed = true;
      this.process.kill();
    }, patience);
  }

  /** The first step is done, or what was asked is heard: from now on it ends by itself, with all it has learned. */
  steps(): void {
    this.#stepping = true;
    this.spare();
  }

  /** It is not killed for taking long any more. */
  spare(): void {
    clearTimeout(this.#killTimer ?? undefined);
    this.#killTimer = null;
  }

  /** How long it may take, in ms; null: as long as it needs, for it has work to save. */
  #patience(): number | null {
    if (this.parameters.kind === 'train') return this.#stepping ? null : this.#firstStepMs;
    return this.#request === 'cancel' ? CANCEL_MS : null;
  }
}
