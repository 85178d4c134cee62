import { untrack } from 'svelte';
import { sampleAdded } from '../../../contract/events.ts';
import type { Job } from '../../../contract/jobs.ts';
import { generate, getSample, listSamples, type Sample } from '../../../contract/samples.ts';
import { client } from '../../lib/client/index.ts';
import { jobs } from '../../lib/state/jobs.svelte.ts';
import { attempt } from '../../lib/state/toasts.svelte.ts';
import { keyOf, keyOfSample, type PictureRequest } from './pictures.ts';

/** A slider that stands still so long is meant to stay there. */
export const PAUSE_MS = 600;
/** Earlier sheets of the run that are looked through for what was drawn before. */
const REMEMBERED = 2000;

/**
 * What happens to the pictures that are wanted now: nothing (they are shown, or none are wanted), waiting for the
 * slider to rest, being drawn, held back until asked for (after a cancel, or beside a run that trains), or not to be had.
 */
export type Phase = 'still' | 'resting' | 'drawing' | 'held' | 'failed';

/**
 * Draws what is wanted, one sheet at a time: a new wish ends the drawing of the one before, and what was drawn once,
 * in this sitting or an earlier one, is shown at once.
 */
export class Drawings {
  phase: Phase = $state('still');
  /** Why the last drawing failed; null where the phase is another. */
  problem: string | null = $state(null);
  /** The newest pictures to look at; they may be of an earlier wish. */
  shown: Sample | null = $state.raw(null);
  /** Whether `shown` is what is wanted. */
  readonly fresh: boolean = $derived.by(() => this.shown !== null && this.wantedKey === keyOfSample(this.shown));
  wantedKey: string | null = $state(null);

  #wanted: PictureRequest | null = null;
  #jobId: number | null = $state(null);
  #timer: ReturnType<typeof setTimeout> | null = null;
  /** By key; grows by a sheet a drawing, a few hundred bytes each. */
  #known: ReadonlyMap<string, Sample> = $state.raw(new Map());

  /** The job that draws, while there is one. */
  readonly job: Job | null = $derived.by(() => (this.#jobId === null ? null : (jobs.find(this.#jobId) ?? null)));

  /** @param runId the run that is looked at; read anew when it changes. Make it where effects may be made. */
  constructor(runId: () => number | null) {
    $effect(() => {
      const id = runId();
      if (id === null) return;
      return client.whenOpen(() => void attempt(() => this.#remember(id)));
    });
    $effect(() => client.on(sampleAdded, (sample) => this.#learn([sample])));
    $effect(() => {
      const { job } = this;
      if (job) untrack(() => this.#follow(job));
    });
    $effect(() => () => {
      this.#drop();
      this.phase = 'still';
    });
  }

  /** All sheets of the run that are known. */
  get samples(): readonly Sample[] {
    return [...this.#known.values()];
  }

  /**
   * Says what is wanted now. It is shown at once if it was drawn before; else it is drawn when nothing else was wanted
   * for a while, or at once, or held until `again` is called.
   */
  want(request: PictureRequest | null, at: 'rest' | 'once' | 'held'): void {
    const key = request && keyOf(request);
    if (key === this.wantedKey) {
      if (at === 'once' && this.phase === 'resting') this.#begin();
      return;
    }
    this.#drop();
    this.wantedKey = key;
    this.#wanted = request;
    this.problem = null;
    this.phase = 'still';
    if (!request || this.#showKnown()) return;
    this.phase = at === 'held' ? 'held' : 'resting';
    if (at === 'held') return;
    if (at === 'once') this.#begin();
    else this.#timer = setTimeout(() => this.#begin(), PAUSE_MS);
  }

  /** Draws what is wanted after it was cancelled or failed. */
  again(): void {
    if (this.phase === 'held' || this.phase === 'failed') this.#begin();
  }

  /** Ends the drawing; nothing is drawn until something else is wanted or `again` is called. */
  cancel(): void {
    if (this.phase !== 'drawing' && this.phase !== 'resting') return;
    this.#drop();
    this.phase = 'held';
  }

  #begin(): void {
    this.#stopTimer();
    this.phase = 'drawing';
    this.problem = null;
    void this.#ask(this.#wanted!, this.wantedKey!);
  }

  async #ask(request: PictureRequest, key: string): Promise<void> {
    const isWanted = (): boolean => this.wantedKey === key && this.phase === 'drawing' && this.#jobId === null;
    try {
      const { jobId } = await client.call(generate, request);
      // While it was asked, something else may have come to be wanted.
      if (isWanted()) this.#jobId = jobId;
      else await jobs.cancel(jobId);
    } catch (error) {
      if (isWanted()) this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #follow(job: Job): void {
    switch (job.state) {
      case 'queued':
      case 'running':
        return;
      case 'done':
        void this.#finish(job.sampleId);
        return;
      case 'cancelled':
        this.#jobId = null;
        this.phase = 'held';
        return;
      case 'failed':
        this.#fail(job.error ?? 'The pictures could not be drawn.');
        return;
      default:
        job.state satisfies never;
    }
  }

  async #finish(sampleId: number | null): Promise<void> {
    this.#jobId = null;
    const key = this.wantedKey;
    const sample = sampleId === null ? undefined : await attempt(() => client.call(getSample, { id: sampleId }));
    if (sample) this.#learn([sample]);
    if (this.wantedKey === key && this.phase === 'drawing') this.#fail('The sheet that was drawn is gone.');
  }

  #fail(problem: string): void {
    this.#jobId = null;
    this.phase = 'failed';
    this.problem = problem;
  }

  async #remember(runId: number): Promise<void> {
    const lists = (['generate', 'ema-lab'] as const).map((origin) =>
      client.call(listSamples, { runId, origin, limit: REMEMBERED }),
    );
    this.#learn((await Promise.all(lists)).flat());
  }

  #learn(samples: readonly Sample[]): void {
    const known = new Map(this.#known);
    for (const sample of samples) {
      const key = keyOfSample(sample);
      if (key !== null && sample.origin !== 'grid') known.set(key, sample);
    }
    this.#known = known;
    if (!this.#showKnown()) return;
    // What is wanted came by another way: an earlier sitting, another window.
    if (this.phase === 'resting') this.#drop();
    if (this.phase !== 'drawing' || this.#jobId === null) this.phase = 'still';
  }

  #showKnown(): boolean {
    const sample = this.wantedKey === null ? undefined : this.#known.get(this.wantedKey);
    if (sample) this.shown = sample;
    return sample !== undefined;
  }

  /** Lets go of what is being waited for or drawn. */
  #drop(): void {
    this.#stopTimer();
    const jobId = this.#jobId;
    this.#jobId = null;
    if (jobId !== null && this.phase === 'drawing') void jobs.cancel(jobId);
  }

  #stopTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
