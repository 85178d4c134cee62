import { cancelJob, getJob, listJobs, moveJob } from '../../../contract/jobs.ts';
import * as store from '../../store/jobs.ts';
import { handler, type Handler } from '../handle.ts';
import type { ServiceParts } from './context.ts';
import { endTraining } from './runs.ts';

/** The queue. */
export function jobHandlers(parts: ServiceParts): Handler[] {
  const { library, queue } = parts;
  const { db } = library;
  return [
    handler(listJobs, ({ limit }) => store.listJobs(db, limit).map((job) => queue.live(job))),
    handler(getJob, ({ id }) => queue.live(store.getJob(db, id))),
    handler(cancelJob, ({ id }) => {
      const job = store.getJob(db, id);
      // To cancel a run's training is to stop the run: it keeps what it has learned so far.
      if (job.kind === 'train' && job.runId !== null && (job.state === 'queued' || job.state === 'running')) {
        endTraining(parts, job.runId, 'stop');
      } else {
        queue.request(id, 'cancel');
      }
      return {};
    }),
    handler(moveJob, ({ id, position }) => {
      store.moveJob(db, id, position);
      queue.announce(id);
      return {};
    }),
  ];
}
