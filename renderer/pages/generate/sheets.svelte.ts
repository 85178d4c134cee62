import { runRewound, sampleAdded } from '../../../contract/events.ts';
import { deleteSample, getSample, listSamples, type Sample } from '../../../contract/samples.ts';
import { client } from '../../lib/client/index.ts';
import { attempt } from '../../lib/state/toasts.svelte.ts';

/** Sheets that were asked for, newest first, and the one that is looked at. */
export class Sheets {
  /** Null until the first answer. */
  all: readonly Sample[] | null = $state.raw(null);
  /** Whether those that the EMA lab drew are among them. */
  withLab = $state(false);
  shown: Sample | null = $state.raw(null);

  constructor() {
    const origins = $derived(this.withLab ? (['generate', 'ema-lab'] as const) : (['generate'] as const));
    const load = (): void => {
      void attempt(async () => {
        const lists = origins.map((origin) => client.call(listSamples, { runId: null, origin, limit: 200 }));
        const all = (await Promise.all(lists)).flat();
        this.all = all.sort((a, b) => b.createdAt - a.createdAt || b.id - a.id);
      });
    };
    $effect(() => client.whenOpen(load)); // again when other origins are wanted
    $effect(() => client.on(runRewound, load)); // sheets of undone moments no longer count
    $effect(() =>
      client.on(sampleAdded, (sample) => {
        if (!this.#belongs(sample) || this.all?.some(({ id }) => id === sample.id)) return;
        this.all = [sample, ...(this.all ?? [])];
      }),
    );
  }

  #belongs({ origin }: Sample): boolean {
    return origin === 'generate' || (origin === 'ema-lab' && this.withLab);
  }

  /** Looks at a sheet, a run's own grid included. */
  async show(id: number): Promise<void> {
    const known = this.all?.find((sample) => sample.id === id);
    this.shown = known ?? (await attempt(() => client.call(getSample, { id }))) ?? this.shown;
  }

  /** Deletes a sheet for good; the next newer or older one is looked at instead. */
  async remove(sample: Sample): Promise<void> {
    if ((await attempt(() => client.call(deleteSample, { id: sample.id }))) === undefined) return;
    const at = this.all?.findIndex(({ id }) => id === sample.id) ?? -1;
    this.all = this.all?.filter(({ id }) => id !== sample.id) ?? null;
    if (this.shown?.id === sample.id) this.shown = this.all?.[at] ?? this.all?.at(-1) ?? null;
  }
}
