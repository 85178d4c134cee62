import { runDeleted } from '../../../contract/events.ts';
import type { TableRun } from '../../../contract/run-fields.ts';
import { MOST_CONFIGS, runConfigs as askConfigs, type RunSummary } from '../../../contract/runs.ts';
import type { RunConfig } from '../../../contract/training.ts';
import { client } from '../client/index.ts';
import { attempt } from './toasts.svelte.ts';

/** Configurations of runs, which never change: each is asked for once, many at a time. */
class RunConfigs {
  /** null: the service has none, or can't read it. */
  #known: ReadonlyMap<number, RunConfig | null> = $state.raw(new Map());
  /** Asked for already. */
  readonly #asked = new Set<number>();

  constructor() {
    client.on(runDeleted, ({ runId }) => this.#asked.delete(runId));
  }

  /** Runs with what is known of their configurations. */
  with(runs: readonly RunSummary[]): TableRun[] {
    const known = this.#known;
    return runs.map((run) => ({ ...run, config: known.get(run.id) ?? null }));
  }

  /** Whether it was answered. */
  has(id: number): boolean {
    return this.#known.has(id);
  }

  /** Asks for those that are not known yet, in their order. */
  async need(ids: readonly number[]): Promise<void> {
    const missing = ids.filter((id) => !this.#asked.has(id));
    for (const id of missing) this.#asked.add(id);
    for (let at = 0; at < missing.length; at += MOST_CONFIGS) {
      const part = missing.slice(at, at + MOST_CONFIGS);
      const found = await attempt(() => client.call(askConfigs, { ids: part }));
      if (found === undefined) {
        for (const id of missing.slice(at)) this.#asked.delete(id);
        return;
      }
      const configs = new Map(found.map(({ id, config }) => [id, config]));
      this.#known = new Map([...this.#known, ...part.map((id) => [id, configs.get(id) ?? null] as const)]);
    }
  }
}

export const runConfigs = new RunConfigs();
