import type { Job } from '../../../contract/jobs.ts';
import {
  findTuning,
  startTuning,
  tuningChanged,
  tuningKey,
  type Tuning,
  type TuningSubject,
} from '../../../contract/tuning.ts';
import { client } from '../client/index.ts';
import { jobs } from '../state/jobs.svelte.ts';
import { attempt } from '../state/toasts.svelte.ts';

/** What was measured here of ways to train a subject, kept up to date by events. Made in a component, it ends with it. */
export class TuningOf {
  readonly #subject: () => TuningSubject | null;
  /** The newest measurement; null: there is none, or nobody knows yet. */
  found: Tuning | null = $state.raw(null);
  /** Asked anew only when it changes; null while there is no subject. */
  readonly #key: string | null = $derived.by(() => {
    const subject = this.#subject();
    return subject === null ? null : tuningKey(subject);
  });
  /** The job that measures, whatever its subject; undefined: none does. */
  readonly job: Job | undefined = $derived.by(() => jobs.open.find((job) => job.kind === 'tune'));

  /** @param subject null: there is none yet */
  constructor(subject: () => TuningSubject | null) {
    this.#subject = subject;
    $effect(() =>
      client.on(tuningChanged, (tuning) => {
        if (tuningKey(tuning.subject) === this.#key && tuning.results.length > 0) this.found = tuning;
      }),
    );
    $effect(() => {
      const key = this.#key;
      this.found = null;
      if (key === null) return;
      return client.whenOpen(() => {
        const subject = this.#subject();
        if (subject === null) return;
        void attempt(async () => {
          const found = await client.call(findTuning, { subject });
          if (this.#key === key) this.found ??= found; // unless a newer one was told meanwhile
        });
      });
    });
  }

  async measure(): Promise<void> {
    const subject = this.#subject();
    if (subject !== null) await attempt(() => client.call(startTuning, { subject }));
  }
}
