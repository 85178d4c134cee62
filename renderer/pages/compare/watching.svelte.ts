import { untrack } from 'svelte';
import type { DynamicsKind } from '../../../contract/dynamics.ts';
import type { RunData } from '../../lib/run/run-data.svelte.ts';

/** Has kinds of runs read and kept up to date for as long as a panel is drawn. Called while its component begins. */
export function watchKinds(runs: () => readonly RunData[], kinds: () => readonly DynamicsKind[]): void {
  watch(
    runs,
    () => JSON.stringify(kinds()),
    (data) => data.watch(kinds()),
  );
}

/** The same with some rows of one kind, those that each run is asked for; null: nothing is asked for. */
export function watchRows(
  runs: () => readonly RunData[],
  wanted: () => { kind: DynamicsKind; row: string } | null,
  rowsOf: (kind: DynamicsKind, row: string, data: RunData) => readonly string[],
): void {
  watch(
    runs,
    () => JSON.stringify(wanted()),
    (data) => {
      const of = wanted();
      return of && data.watchRows(of.kind, rowsOf(of.kind, of.row, data));
    },
  );
}

/** @param key changes with what is wanted of the runs */
function watch(runs: () => readonly RunData[], key: () => string, begin: (data: RunData) => (() => void) | null): void {
  /** Which they are, whatever becomes of the runs. */
  const watched = $derived(JSON.stringify([runs().map(({ id }) => id), key()]));
  $effect(() => {
    if (watched === '') return;
    return untrack(() => {
      const ends = runs().map(begin);
      return () => {
        for (const end of ends) end?.();
      };
    });
  });
}
