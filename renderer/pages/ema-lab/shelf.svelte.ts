import { untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { snapshotsChanged } from '../../../contract/events.ts';
import { runSnapshots, type RunSummary, type Snapshot } from '../../../contract/runs.ts';
import { client } from '../../lib/client/index.ts';
import { runs } from '../../lib/state/runs.svelte.ts';
import { attempt } from '../../lib/state/toasts.svelte.ts';

/** Which runs have snapshots, and which: only these can be looked at in the lab. */
export class Shelf {
  readonly #snapshots = new SvelteMap<number, readonly Snapshot[]>();
  readonly #asked = new Set<number>();
  /** Whether it is known of every run whether it has snapshots. */
  complete = $state(false);
  /** Runs with snapshots, newest first. */
  readonly runs: readonly RunSummary[] = $derived.by(() =>
    runs.active.filter(({ id }) => (this.#snapshots.get(id)?.length ?? 0) > 0),
  );

  /** Make it where effects may be made. */
  constructor() {
    $effect(() => {
      if (runs.all === null) return;
      // A run that saw no picture has written nothing. The others are asked once; events tell what is new.
      const unasked = runs.active.filter(({ id, nimg }) => nimg > 0 && !this.#asked.has(id)).map(({ id }) => id);
      untrack(() => void attempt(() => this.#loadAll(unasked)));
    });
    $effect(() => client.whenOpen(() => void attempt(() => Promise.all([...this.#asked].map((id) => this.#load(id))))));
    $effect(() => client.on(snapshotsChanged, ({ runId }) => void attempt(() => this.#load(runId))));
  }

  /** Null: not known yet. */
  snapshotsOf(runId: number): readonly Snapshot[] | null {
    return this.#snapshots.get(runId) ?? null;
  }

  async #loadAll(runIds: readonly number[]): Promise<void> {
    for (const id of runIds) this.#asked.add(id);
    await Promise.all(runIds.map((id) => this.#load(id)));
    this.complete = true;
  }

  async #load(runId: number): Promise<void> {
    const { snapshots } = await client.call(runSnapshots, { id: runId });
    this.#snapshots.set(runId, snapshots);
  }
}
