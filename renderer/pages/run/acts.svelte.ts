import type * as z from 'zod';
import { pauseRun, resumeRun, stopRun, type RunState } from '../../../contract/runs.ts';
import { client } from '../../lib/client/index.ts';
import { attempt } from '../../lib/state/toasts.svelte.ts';

/** Questions that are asked before something is done. */
export type Question = 'stop' | 'continue' | 'micro-batch' | 'devices';

/** How a run goes on; what is absent stays as before. */
export type GoingOn = Omit<z.input<(typeof resumeRun)['input']>, 'id'>;

/** What is done with a run from its page. To be made while a component is set up. */
export class RunActs {
  /** What was asked and is not yet seen in the run's state. */
  asked: 'pause' | 'resume' | 'stop' | null = $state(null);
  question: Question | null = $state(null);
  readonly #id: number;

  /** @param state of the run; undefined: not known yet */
  constructor(id: number, state: () => RunState | undefined) {
    this.#id = id;
    const now = $derived(state());
    $effect(() => {
      if (now) this.asked = null;
    });
  }

  readonly pause = (): Promise<void> => this.#ask('pause', () => client.call(pauseRun, { id: this.#id }));
  readonly stop = (): Promise<void> => this.#ask('stop', () => client.call(stopRun, { id: this.#id }));
  readonly resume = (how: GoingOn = {}): Promise<void> =>
    this.#ask('resume', () => client.call(resumeRun, { id: this.#id, ...how }));

  async #ask(what: NonNullable<typeof this.asked>, call: () => Promise<unknown>): Promise<void> {
    this.question = null;
    this.asked = what;
    if ((await attempt(call)) === undefined) this.asked = null;
  }
}
