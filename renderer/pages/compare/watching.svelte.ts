import { untrack } from 'svelte';
import type { DynamicsKind } from '../../../contract/dynamics.ts';
import type { RunData } from '../../lib/run/run-data.svelte.ts';

/** Has kinds of runs read and kept up to date for as long as a panel is drawn. Called while its component begins. */
export function watchKinds(runs: () => readonly RunData[], kinds: () => readonly DynamicsKind[]): void {
  /** Which they are, whatever becomes of the runs. */
  const watched = $derived(JSON.stringify([runs().map(({ id }) => id), kinds()]));
  $effect(() => {
    if (watched === '') return;
    return untrack(() => {
      const wanted = kinds();
      const ends = wanted.length === 0 ? [] : runs().map((data) => data.watch(wanted));
      return () => {
        for (const end of ends) end();
      };
    });
  });
}
