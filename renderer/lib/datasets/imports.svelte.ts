import { importDataset, type ImportOptions } from '../../../contract/datasets.ts';
import type { Folder } from '../../../contract/folders.ts';
import type { Job } from '../../../contract/jobs.ts';
import { client } from '../client/index.ts';
import { jobs } from '../state/jobs.svelte.ts';

/** Imports that go on, and those started here whose end has not been acknowledged yet. */
class Imports {
  #started: readonly number[] = $state.raw([]);
  #dismissed: readonly number[] = $state.raw([]);

  /** Oldest first. */
  readonly shown: readonly Job[] = $derived(
    (jobs.all ?? [])
      .filter((job) => job.kind === 'import' && !this.#dismissed.includes(job.id))
      .filter((job) => job.state === 'queued' || job.state === 'running' || this.#started.includes(job.id))
      .sort((a, b) => a.id - b.id),
  );

  /**
   * Starts an import job.
   *
   * @throws {AppError} what the service refuses
   * @returns the job's id
   */
  async start(folder: Folder, options: ImportOptions): Promise<number> {
    const { jobId } = await client.call(importDataset, { folder: folder.id, options });
    this.#started = [...this.#started, jobId];
    return jobId;
  }

  /** Takes an ended import out of sight. */
  dismiss(jobId: number): void {
    this.#dismissed = [...this.#dismissed, jobId];
  }
}

export const imports = new Imports();
