import { AppError } from '../../../contract/errors.ts';
import { median } from '../../../contract/median.ts';
import type { Measured, TuningChoice, TuningResult, TuningSubject } from '../../../contract/tuning.ts';
import type { BenchWorker } from '../../system/bench-worker.ts';

/** Steps that are timed at least, and at most; between them as long as `ENOUGH_SECONDS` have not passed. */
const FEWEST = 3;
const MOST = 20;
const ENOUGH_SECONDS = 3;

/** How often it is looked whether the job is asked to end. */
const LOOK_MS = 200;

export interface MeasuringChoice {
  /** Starts the process that takes the steps. */
  readonly start: (subject: TuningSubject, choice: TuningChoice) => Promise<BenchWorker>;
  /** Bytes of a card's memory that a process holds; null: unknown, or no card computes. */
  readonly deviceBytes: (pid: number) => Promise<number | null>;
  /** Asked all the time: whether it is to end at once. */
  readonly ends: () => boolean;
  /** By the clock of `performance.now`; what has not done a step by then is ended. */
  readonly deadline: number;
}

/** Takes steps in a process of its own. @returns null: it was ended */
export async function measureChoice(
  subject: TuningSubject,
  choice: TuningChoice,
  { start, deviceBytes, ends, deadline }: MeasuringChoice,
): Promise<TuningResult | null> {
  const { precision, microBatch } = choice;
  const { batchSize } = subject.config.training;
  const training = { ...subject.config.training, precision, microBatch: microBatch === batchSize ? null : microBatch };
  const began = performance.now();
  let worker: BenchWorker | null = null;
  const timer = setInterval(() => {
    if (ends() || performance.now() > deadline) worker?.kill();
  }, LOOK_MS);
  const times: number[] = [];
  let firstStepSeconds: number | null = null;
  let problem: string | null = null;
  let measured: Measured['measured'] | null = null;
  try {
    worker = await start({ ...subject, config: { ...subject.config, training } }, choice);
    await worker.run('train');
    firstStepSeconds = (performance.now() - began) / 1000;
    await worker.run('train'); // in which kernels are made
    while (goesOn(times) && performance.now() < deadline) times.push(await worker.run('train'));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    problem = performance.now() > deadline ? 'The time was over before a step was timed.' : error.message;
  } finally {
    clearInterval(timer);
  }
  if (worker !== null && firstStepSeconds !== null && times.length > 0) {
    const { pid, peakBytes: hostBytes } = worker;
    const imagesPerSecond = batchSize / median(times);
    measured = { imagesPerSecond, firstStepSeconds, hostBytes, deviceBytes: await deviceBytes(pid) };
    problem = null;
  }
  await worker?.close();
  if (ends()) return null;
  return {
    choice,
    measured,
    problem: measured === null ? (problem ?? 'The time was over before a step was timed.') : null,
  };
}

function goesOn(times: readonly number[]): boolean {
  if (times.length < FEWEST) return true;
  return times.length < MOST && times.reduce((sum, seconds) => sum + seconds, 0) < ENOUGH_SECONDS;
}
