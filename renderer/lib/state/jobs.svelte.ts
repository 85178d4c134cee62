import { jobChanged } from '../../../contract/events.ts';
import { cancelJob, isOfGrid, listJobs, type Job, type Progress } from '../../../contract/jobs.ts';
import { client } from '../client/index.ts';
import { attempt } from './toasts.svelte.ts';

/** Jobs, kept up to date by events: waiting and running ones, and the newest that ended. */
class Jobs {
  /** In the order of `jobs.list`; null until the first answer. */
  all: readonly Job[] | null = $state.raw(null);
  readonly open: readonly Job[] = $derived(
    (this.all ?? []).filter((job) => job.state === 'queued' || job.state === 'running'),
  );

  constructor() {
    client.whenOpen(() => {
      void attempt(async () => {
        this.all = await client.call(listJobs, {});
      });
    });
    client.on(jobChanged, (job) => {
      if (this.all === null) return;
      const known = this.all.some((other) => other.id === job.id);
      this.all = known ? this.all.map((other) => (other.id === job.id ? job : other)) : [...this.all, job];
    });
  }

  find(id: number): Job | undefined {
    return this.all?.find((job) => job.id === id);
  }

  /** Whether a run's newest training job ended for want of memory. */
  ranOutOfMemory(runId: number): boolean {
    const ofRun = (this.all ?? []).filter((job) => job.runId === runId && job.kind === 'train');
    const newest = ofRun.sort((a, b) => b.id - a.id)[0];
    return newest?.errorCode === 'out-of-memory';
  }

  /** What a run does now, if it tells: draw a grid, validate, or take a long step. */
  doingOf(runId: number): Progress | null {
    return (
      this.open.find((job) => job.runId === runId && job.kind === 'train' && job.state === 'running')?.progress ?? null
    );
  }

  /** How far the grid is that a run draws now; null: it draws none. */
  drawingOf(runId: number): Progress | null {
    const doing = this.doingOf(runId);
    return doing !== null && isOfGrid(doing) ? doing : null;
  }

  async cancel(id: number): Promise<void> {
    await attempt(() => client.call(cancelJob, { id }));
  }
}

export const jobs = new Jobs();
