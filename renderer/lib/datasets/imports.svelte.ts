import { untrack } from 'svelte';
import { getDataset, importDataset, type ImportOptions, type ImportProblem } from '../../../contract/datasets.ts';
import { jobChanged } from '../../../contract/events.ts';
import type { Folder } from '../../../contract/folders.ts';
import type { Job } from '../../../contract/jobs.ts';
import { client } from '../client/index.ts';
import { count } from '../format.ts';
import { router } from '../router.svelte.ts';
import { jobs } from '../state/jobs.svelte.ts';
import { attempt, toasts } from '../state/toasts.svelte.ts';
import { followed } from './followed.ts';

const goesOn = ({ state }: Job): boolean => state === 'queued' || state === 'running';

/** Imports that go on, and those that this tab has seen going on whose end has not been acknowledged yet. */
class Imports {
  #dismissed: readonly number[] = $state.raw([]);

  /** Oldest first. */
  readonly shown: readonly Job[] = $derived(
    (jobs.all ?? [])
      .filter((job) => job.kind === 'import' && !this.#dismissed.includes(job.id))
      .filter((job) => goesOn(job) || followed.has(job))
      .sort((a, b) => a.id - b.id),
  );

  readonly #going = new Set<number>();

  constructor() {
    $effect.root(() => {
      $effect.pre(() => {
        for (const job of jobs.all ?? []) untrack(() => this.#see(job));
      });
    });
    client.on(jobChanged, (job) => this.#see(job)); // a short one may be over before the effect runs
  }

  /**
   * Starts an import job.
   *
   * @throws {AppError} what the service refuses
   * @returns the job's id
   */
  async start(folder: Folder, options: ImportOptions): Promise<number> {
    const { jobId } = await client.call(importDataset, { folder: folder.id, options });
    return jobId;
  }

  #see(job: Job): void {
    if (job.kind !== 'import') return;
    if (goesOn(job)) {
      followed.add(job);
      this.#going.add(job.id);
    } else if (this.#going.delete(job.id) && job.state === 'done' && !isShownOnPage()) {
      void attempt(() => tellEnd(job));
    }
  }

  /** Takes an ended import out of sight. */
  dismiss(job: Job): void {
    followed.drop(job);
    this.#dismissed = [...this.#dismissed, job.id];
  }
}

/** What an import came to, in words. */
export function importedWords({ title }: Job, pictures: number, problems: readonly ImportProblem[]): string {
  const left = problems.length;
  const leftOut = left > 0 ? `, ${count(left)} ${left === 1 ? 'file was' : 'files were'} left out` : '';
  return `Imported “${title}”: ${count(pictures)} pictures${leftOut}.`;
}

/** The list of sets and the New run page show all imports themselves. */
function isShownOnPage(): boolean {
  const { route } = router;
  return route.page === 'new' || (route.page === 'data' && route.id === null);
}

async function tellEnd(job: Job): Promise<void> {
  const id = job.datasetId;
  if (id === null) return;
  const { dataset, problems } = await client.call(getDataset, { id });
  toasts.show({
    text: importedWords(job, dataset.count, problems),
    action: { label: 'Show', run: () => router.go({ page: 'data', id }) },
  });
}

export const imports = new Imports();
