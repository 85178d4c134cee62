import { AppError } from '../../contract/errors.ts';
import { jobChanged } from '../../contract/events.ts';
import { cancelJob, getJob, type Job } from '../../contract/jobs.ts';
import type { CommandContext } from './command.ts';
import { deferred } from './deferred.ts';
import { onInterrupt } from './interrupt.ts';
import { whileServed } from './lost-service.ts';

/** What to do where the service is lost: the job is in its queue again when it is started next. */
const ASK_AGAIN = 'Start the command again.';

/**
 * Shows a job that isn't training until it ends. Ctrl+C cancels it.
 *
 * @param ifLost a sentence, what to do where the service went away; default: that asking again does no harm
 * @returns the job when it is done
 * @throws {AppError} 'cancelled', 'unavailable' if the service went away, or the job's own failure
 */
export async function followJob(context: CommandContext, jobId: number, ifLost: string = ASK_AGAIN): Promise<Job> {
  return whileServed(context.client, ifLost, () => watch(context, jobId));
}

async function watch({ client, output }: CommandContext, jobId: number): Promise<Job> {
  const ended = deferred<Job>();
  // Where the service goes away `whileServed` says so; here only waiting must end.
  ended.promise.catch(() => undefined);
  void client.closed.then(() => ended.reject(new AppError('unavailable', 'The service went away.')));
  const look = (job: Job): void => {
    if (job.progress !== null && job.state === 'running') {
      const { done, total, unit, text } = job.progress;
      output.event('progress', { jobId, ...job.progress });
      const soFar = total > 0 ? `${Math.round(done)} of ${Math.round(total)}` : `${Math.round(done)}`;
      output.progress(total > 0 ? done / total : 0, `${text} (${soFar} ${unit})`);
    }
    if (job.state !== 'queued' && job.state !== 'running') ended.resolve(job);
  };
  const unsubscribe = client.on(jobChanged, (job) => {
    if (job.id === jobId) look(job);
  });
  const stopListening = onInterrupt(
    () => void client.call(cancelJob, { id: jobId }).catch(ended.reject),
    () => process.exit(130),
  );
  try {
    look(await client.call(getJob, { id: jobId })); // it may have ended before we listened
    const job = await ended.promise;
    if (job.state === 'cancelled') throw new AppError('cancelled', 'Cancelled; nothing was written.');
    if (job.state === 'failed') throw new AppError(job.errorCode ?? 'internal', job.error ?? 'The job failed.');
    return job;
  } finally {
    stopListening();
    unsubscribe();
  }
}
