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
  /** The job that was started here last; its failure is told. */
  #startedId: number | null = $state(null);
  readonly problem: string | null = $derived.by(() => {
    const job = this.#startedId === null ? undefined : jobs.find(this.#startedId);
    return job?.state === 'failed' ? (job.error ?? 'The average could not be kept.') : null;
  });

  /** @param runId the run that is looked at; read anew when it changes. Make it where effects may be made. */
  constructor(runId: () => number | null) {
    this.#runId = runId;
    $effect(() => {
      const id = runId();
      this.all = null;
      this.#startedId = null;
      if (id === null) return;
      return client.whenOpen(() => void attempt(() => this.#load(id)));
    });
    $effect(() =>
      client.on(reconstructionsChanged, ({ runId: changed }) => {
        if (changed === runId()) void attempt(() => this.#load(changed));
      }),
    );
  }

  /** Starts the job that writes an average to a file; tells whether it was accepted. */
  async keep(wanted: { runId: number; nimg: number; emaStd: number; name: string }): Promise<boolean> {
    const { runId, nimg, emaStd, name } = wanted;
    const answer = await attempt(() => client.call(keepReconstructions, { runId, nimg, targets: [{ emaStd, name }] }));
    if (!answer) return false;
    this.#startedId = answer.jobId;
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

  forgetProblem(): void {
    this.#startedId = null;
  }

  async #load(runId: number): Promise<void> {
    const list = await client.call(listReconstructions, { runId });
    if (runId === this.#runId()) this.all = [...list].sort((a, b) => b.nimg - a.nimg || a.emaStd - b.emaStd);
  }
}
