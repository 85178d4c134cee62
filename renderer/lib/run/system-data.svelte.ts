import { runSystem, systemSampled, type SystemColumns } from '../../../contract/system.ts';
import { client } from '../client/index.ts';
import { attempt } from '../state/toasts.svelte.ts';
import { appendSystem, noSystem } from './system-columns.ts';

/** What the machine did while a run trained, kept up to date by events until `close`. */
export class SystemData {
  columns: SystemColumns = $state.raw(noSystem);
  /** Whether the history has arrived; before that nothing says "nothing measured". */
  loaded = $state(false);
  readonly #ends: (() => void)[];

  constructor(id: number) {
    this.#ends = [
      client.on(systemSampled, ({ runId, system }) => {
        if (runId === id) this.columns = appendSystem(this.columns, system);
      }),
      client.whenOpen(() => {
        void attempt(async () => {
          const afterSeconds = this.columns.seconds.at(-1) ?? -1;
          this.columns = appendSystem(this.columns, await client.call(runSystem, { id, afterSeconds }));
          this.loaded = true;
        });
      }),
    ];
  }

  close(): void {
    for (const end of this.#ends) end();
  }
}
