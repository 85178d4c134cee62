import { runChanged, runDeleted } from '../../../contract/events.ts';
import { editRun, listRuns, restoreRun, trashRun, type RunSummary } from '../../../contract/runs.ts';
import { client } from '../client/index.ts';
import { attempt, toasts } from './toasts.svelte.ts';

/** All runs of the library, those in the trash too, kept up to date by events. */
class Runs {
  /** Newest first; null until the first answer. */
  all: readonly RunSummary[] | null = $state.raw(null);
  readonly active: readonly RunSummary[] = $derived((this.all ?? []).filter((run) => run.trashedAt === null));
  readonly trashed: readonly RunSummary[] = $derived((this.all ?? []).filter((run) => run.trashedAt !== null));
  /** The run that trains now, if any. */
  readonly running: RunSummary | null = $derived(this.active.find((run) => run.state === 'running') ?? null);

  constructor() {
    client.whenOpen(() => void attempt(() => this.#load()));
    client.on(runChanged, (run) => this.#put(run));
    client.on(runDeleted, ({ runId }) => {
      this.all = this.all?.filter((run) => run.id !== runId) ?? null;
    });
  }

  find(id: number): RunSummary | undefined {
    return this.all?.find((run) => run.id === id);
  }

  /** Moves runs to the trash at once and offers to take it back. */
  async trash(ids: readonly number[]): Promise<void> {
    const moved: number[] = [];
    for (const id of ids) {
      if ((await attempt(() => client.call(trashRun, { id }))) !== undefined) moved.push(id);
    }
    if (moved.length === 0) return;
    const name = this.find(moved[0]!)?.name ?? 'Run';
    toasts.show({
      text: moved.length === 1 ? `Moved “${name}” to the trash.` : `Moved ${moved.length} runs to the trash.`,
      action: { label: 'Undo', run: () => void this.restore(moved) },
    });
  }

  async restore(ids: readonly number[]): Promise<void> {
    for (const id of ids) await attempt(() => client.call(restoreRun, { id }));
  }

  async edit(id: number, change: { name?: string; notes?: string; tags?: string[] }): Promise<boolean> {
    return (await attempt(() => client.call(editRun, { id, ...change }))) !== undefined;
  }

  async #load(): Promise<void> {
    const [active, trashed] = await Promise.all([client.call(listRuns, {}), client.call(listRuns, { trashed: true })]);
    this.all = sorted(new Map([...active, ...trashed].map((run) => [run.id, run])).values());
  }

  #put(run: RunSummary): void {
    if (this.all === null) return;
    const known = this.all.some((other) => other.id === run.id);
    this.all = known ? this.all.map((other) => (other.id === run.id ? run : other)) : sorted([...this.all, run]);
  }
}

function sorted(list: Iterable<RunSummary>): RunSummary[] {
  return [...list].sort((a, b) => b.createdAt - a.createdAt || b.id - a.id);
}

export const runs = new Runs();
