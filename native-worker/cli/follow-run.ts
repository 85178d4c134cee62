import { AppError } from '../../contract/errors.ts';
import { jobChanged, runChanged, runLogged, runTicked, sampleAdded } from '../../contract/events.ts';
import { getJob, type Job } from '../../contract/jobs.ts';
import { getRun, pauseRun, type Run, type RunSummary } from '../../contract/runs.ts';
import { lastTick, type Tick } from '../../contract/ticks.ts';
import { progressWords, secondsToGo } from '../../contract/time-left.ts';
import { duration, images, speed } from '../../contract/units.ts';
import type { CommandContext } from './command.ts';
import { deferred } from './deferred.ts';
import { onInterrupt } from './interrupt.ts';
import { whileServed } from './lost-service.ts';
import { threeDigits } from './words.ts';

/** How a followed run ended up. */
export interface Followed {
  readonly run: Run;
  /** The user pressed Ctrl+C. */
  readonly interrupted: boolean;
}

export interface FollowOptions {
  readonly runId: number;
  readonly jobId: number;
  /** Pause after the job has run for this many seconds; null: never. */
  readonly seconds: number | null;
  /** Pause once so many images have been seen; null: never. */
  readonly images: number | null;
  /** The command that goes on with this run, where the service is lost; not the one that would begin another. */
  readonly goOnWith: string;
}

/**
 * Shows a training job until it ends: a progress line with loss, img/s and time left, and what goes to its log.
 * Ctrl+C, and the limits, pause the run: it writes a checkpoint and can go on later.
 *
 * @throws {AppError} the job's own failure; 'unavailable' if the service went away, with what goes on with the run
 */
export async function followRun(context: CommandContext, options: FollowOptions): Promise<Followed> {
  // A training process that lost its service writes a checkpoint by itself.
  const ifLost = `Run ${options.runId} is kept as far as its last checkpoint; \`${options.goOnWith}\` goes on with it.`;
  return whileServed(context.client, ifLost, () => watch(context, options));
}

async function watch({ client, output }: CommandContext, options: FollowOptions): Promise<Followed> {
  const { runId, jobId } = options;
  let interrupted = false;
  let pausing = false;
  const pause = (): void => {
    if (pausing) return;
    pausing = true;
    pauseNow();
  };
  const pauseNow = (): void => {
    // A run that just ended by itself refuses; then its end is on its way to us.
    client.call(pauseRun, { id: runId }).catch((error: unknown) => {
      if (!(error instanceof AppError && error.code === 'conflict'))
        output.say(`The run could not be paused: ${String(error)}`);
    });
  };
  const ended = deferred<Job>();
  // Where the service goes away `whileServed` says so; here only waiting must end.
  ended.promise.catch(() => undefined);
  void client.closed.then(() => ended.reject(new AppError('unavailable', 'The service went away.')));
  let timer: NodeJS.Timeout | undefined;
  const look = (job: Job): void => {
    if (hasEnded(job)) ended.resolve(job);
    // It had lost a machine when it was asked to pause, and goes on: it is asked again.
    else if (pausing && job.state === 'queued') pauseNow();
    // Time in the queue does not count.
    else if (job.state === 'running' && options.seconds !== null) timer ??= setTimeout(pause, options.seconds * 1000);
  };
  let summary: RunSummary = await client.call(getRun, { id: runId });
  const total = summary.durationImages;
  const goal = Math.min(total, options.images ?? total);

  const unsubscribe = [
    client.on(runTicked, (event) => {
      const tick = event.runId === runId ? lastTick(event.ticks) : null;
      if (tick === null) return;
      const { nimg, imagesPerSecond } = tick;
      const left = secondsToGo({ ...summary, nimg, imagesPerSecond }, null, goal);
      output.event('tick', { runId, ...tick, goalImages: goal, secondsLeft: left });
      output.progress(tick.nimg / goal, tickWords(tick, goal, left));
      if (tick.nimg >= goal && goal < total) pause();
    }),
    client.on(runChanged, (run) => {
      if (run.id === runId) summary = run;
    }),
    client.on(runLogged, ({ runId: id, line }) => {
      if (id !== runId) return;
      output.event('log', { runId, nimg: line.nimg, level: line.level, text: line.text });
      // Errors are the command's own last sentence.
      if (line.level === 'warn') output.say(line.text);
    }),
    client.on(sampleAdded, (sample) => {
      if (sample.runId === runId) output.event('grid', { runId, sampleId: sample.id, nimg: sample.nimg });
    }),
    client.on(jobChanged, (job) => {
      if (job.id !== jobId) return;
      look(job);
      if (job.progress === null || hasEnded(job)) return;
      const left = secondsToGo(summary, job.progress, goal);
      output.event('progress', { runId, ...job.progress, secondsLeft: left });
      output.progress(summary.nimg / goal, withTimeLeft(progressWords(job.progress), left));
    }),
  ];
  const stopListening = onInterrupt(
    () => {
      interrupted = true;
      output.say('Pausing: writing a checkpoint. Press Ctrl+C again to leave at once.');
      pause();
    },
    () => process.exit(130),
  );
  try {
    const now = await client.call(getJob, { id: jobId }); // it may have ended before we listened
    if (now.state === 'queued') output.say('It waits in the queue until the device is free.');
    look(now);
    const job = await ended.promise;
    const run = await client.call(getRun, { id: runId });
    if (job.state === 'failed') throw new AppError(job.errorCode ?? 'internal', job.error ?? 'The run failed.');
    return { run, interrupted };
  } finally {
    clearTimeout(timer);
    stopListening();
    for (const stop of unsubscribe) stop();
  }
}

function tickWords(tick: Tick, goal: number, secondsLeft: number | null): string {
  const words = [
    `${images(tick.nimg)} of ${images(goal)}`,
    `loss ${tick.loss === null ? '–' : threeDigits(tick.loss)}`,
    speed(tick.imagesPerSecond),
  ].join(', ');
  return withTimeLeft(words, secondsLeft);
}

function withTimeLeft(words: string, secondsLeft: number | null): string {
  return secondsLeft === null ? words : `${words}, ${duration(secondsLeft)} left`;
}

function hasEnded({ state }: Job): boolean {
  return state === 'done' || state === 'failed' || state === 'cancelled';
}
