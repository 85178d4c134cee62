import type * as z from 'zod';
import type { Call } from '../../../contract/call.ts';
import { runMeasured, runRewound, runTicked } from '../../../contract/events.ts';
import { client } from '../client/index.ts';
import { attempt } from '../state/toasts.svelte.ts';

/** While a run trains it is asked for at most this often. */
const AGAIN_MS = 10_000;

/** What a call says of a run's numbers so far (findings, advice), kept up to date until `close`. */
export class Trend<O extends z.ZodType> {
  /** null: not known yet. */
  told: z.output<O> | null = $state.raw(null);
  /** The first answer has come, or why there is none was told. */
  answered = $state(false);
  readonly #load: () => void;
  readonly #ends: (() => void)[];
  #waiting: ReturnType<typeof setTimeout> | null = null;

  constructor(call: Call<z.ZodObject<{ id: z.ZodInt }>, O>, runId: number) {
    this.#load = () => {
      this.#waiting = null;
      void attempt(async () => {
        this.told = await client.call(call, { id: runId });
      }).then(() => (this.answered = true));
    };
    const later = (event: { runId: number }): void => {
      if (event.runId === runId) this.#waiting ??= setTimeout(this.#load, AGAIN_MS);
    };
    this.#ends = [
      client.on(runTicked, later),
      client.on(runMeasured, later),
      client.on(runRewound, later),
      client.whenOpen(this.#load),
    ];
  }

  close(): void {
    for (const end of this.#ends) end();
    if (this.#waiting !== null) clearTimeout(this.#waiting);
  }
}
