import {
  listProfiles,
  measureStep,
  profileAdded,
  type KeptProfile,
  type ProfiledWork,
} from '../../../contract/profile.ts';
import type { Job } from '../../../contract/jobs.ts';
import type { RunState } from '../../../contract/runs.ts';
import { client } from '../client/index.ts';
import { jobs } from '../state/jobs.svelte.ts';
import { attempt } from '../state/toasts.svelte.ts';

/** Measurements of a run's step, kept up to date by events until `close`. */
export class Profiles {
  /** The newest first. */
  all: readonly KeptProfile[] = $state.raw([]);
  loaded = $state(false);
  /** A run that trains was asked to measure its next step, and has not told yet. */
  #asked = $state(false);
  readonly #state: () => RunState;
  readonly #id: number;
  /** The job that measures; undefined: none does. */
  readonly job: Job | undefined = $derived.by(() =>
    jobs.open.find((job) => job.kind === 'profile' && job.runId === this.#id),
  );
  /** Whether the run is at its next step; one that ends before it measured has nothing to tell. */
  readonly waiting: boolean = $derived.by(() => this.#asked && this.#state() === 'running');
  readonly #ends: (() => void)[];

  /** @param state of the run now */
  constructor(id: number, state: () => RunState) {
    this.#id = id;
    this.#state = state;
    this.#ends = [
      client.on(profileAdded, (profile) => {
        if (profile.runId !== id) return;
        this.#asked = false;
        this.all = [profile, ...this.all.filter((other) => other.id !== profile.id)];
      }),
      client.whenOpen(() => {
        void attempt(async () => {
          this.all = await client.call(listProfiles, { runId: id });
          this.loaded = true;
        });
      }),
    ];
  }

  async measure(work: ProfiledWork): Promise<void> {
    const started = await attempt(() => client.call(measureStep, { runId: this.#id, work }));
    this.#asked = started?.jobId === null;
  }

  close(): void {
    for (const end of this.#ends) end();
  }
}
