import { untrack } from 'svelte';
import { reconstructionsChanged } from '../../../contract/events.ts';
import type { Job } from '../../../contract/jobs.ts';
import {
  deleteReconstruction,
  keepReconstructions,
  listReconstructions,
  renameReconstruction,
  type Reconstruction,
} from '../../../contract/reconstructions.ts';
import { client } from '../../lib/client/index.ts';
import { router } from '../../lib/router.svelte.ts';
import { jobs } from '../../lib/state/jobs.svelte.ts';
import { attempt, toasts } from '../../lib/state/toasts.svelte.ts';

/** The averages of a run that were kept under a name, and the jobs that write more of them. */
export class Kept {
  /** Newest moment first, then by length; null until the first answer. */
  all: readonly Reconstruction[] | null = $state.raw(null);
  readonly #runId: () => number | null;
  /** Jobs that are writing kept averages of the run. */
  readonly open: readonly Job[] = $derived.by(() =>
    jobs.open.filter((job) => job.kind === 'reconstruct' && job.runId === this.#runId()),
  );
  /** Jobs that were started here and whose end is to be told. */
  #started: readonly number[] = $state.raw([]);

  /** @param runId the run that is looked at; read anew when it changes. Make it where effects may be made. */
  constructor(runId: () => number | null) {
    this.#runId = runId;
    $effect(() => {
      const id = runId();
      this.all = null;
      if (id === null) return;
      return client.whenOpen(() => void attempt(() => this.#load(id)));
    });
    $effect(() =>
      client.on(reconstructionsChanged, ({ runId: changed }) => {
        if (changed === runId()) void attempt(() => this.#load(changed));
      }),
    );
    $effect(() => {
      for (const id of this.#started) {
        const job = jobs.find(id);
        if (job && job.state !== 'queued' && job.state !== 'running')
          untrack(() => void attempt(() => this.#tell(job)));
      }
    });
  }

  /** Starts the job that writes an average to a file; tells whether it was accepted. */
  async keep(wanted: { runId: number; nimg: number; sigmaRel: number; name: string }): Promise<boolean> {
    const { runId, nimg, sigmaRel, name } = wanted;
    const answer = await attempt(() =>
      client.call(keepReconstructions, { runId, nimg, targets: [{ sigmaRel, name }] }),
    );
    if (!answer) return false;
    this.#started = [...this.#started, answer.jobId];
    return true;
  }

  async rename(id: number, name: string): Promise<boolean> {
    return (await attempt(() => client.call(renameReconstruction, { id, name }))) !== undefined;
  }

  /** Deletes a kept average at once and offers to make it again, which its snapshots allow as long as they are there. */
  async remove(model: Reconstruction): Promise<void> {
    if ((await attempt(() => client.call(deleteReconstruction, { id: model.id }))) === undefined) return;
    toasts.show({
      text: `Deleted “${model.name}”.`,
      action: { label: 'Make it again', run: () => void this.keep(model) },
    });
  }

  /** Says how a job ended that was started here; what it made may be out of sight. */
  async #tell(job: Job): Promise<void> {
    this.#started = this.#started.filter((id) => id !== job.id);
    if (job.state === 'failed') toasts.show({ tone: 'bad', text: job.error ?? 'The average could not be kept.' });
    if (job.state !== 'done') return;
    const list = await client.call(listReconstructions, { runId: job.runId });
    const made = list.find(({ jobId }) => jobId === job.id);
    if (!made) return;
    toasts.show({
      tone: 'good',
      text: `Kept “${made.name}”.`,
      action: {
        label: 'Generate with it',
        run: () => router.go({ page: 'generate', snapshot: null, sample: null, reconstruction: made.id }),
      },
    });
  }

  async #load(runId: number): Promise<void> {
    const list = await client.call(listReconstructions, { runId });
    if (runId === this.#runId()) this.all = [...list].sort((a, b) => b.nimg - a.nimg || a.sigmaRel - b.sigmaRel);
  }
}
