import { runRewound, runTicked } from '../../../contract/events.ts';
import { runFindings, type Finding } from '../../../contract/findings.ts';
import { client } from '../client/index.ts';
import { attempt } from '../state/toasts.svelte.ts';

/** They are trends: while a run trains they are asked for at most this often. */
const AGAIN_MS = 10_000;

/** What a run's numbers say, kept up to date until `close`. */
export class Findings {
  /** null: not known yet. */
  all: readonly Finding[] | null = $state.raw(null);
  readonly #id: number;
  readonly #ends: (() => void)[];
  #waiting: ReturnType<typeof setTimeout> | null = null;

  constructor(runId: number) {
    this.#id = runId;
    const later = (event: { runId: number }): void => {
      if (event.runId === runId) this.#waiting ??= setTimeout(() => this.#load(), AGAIN_MS);
    };
    this.#ends = [client.on(runTicked, later), client.on(runRewound, later), client.whenOpen(() => this.#load())];
  }

  close(): void {
    for (const end of this.#ends) end();
    if (this.#waiting !== null) clearTimeout(this.#waiting);
  }

  #load(): void {
    this.#waiting = null;
    void attempt(async () => {
      this.all = await client.call(runFindings, { id: this.#id });
    });
  }
}
