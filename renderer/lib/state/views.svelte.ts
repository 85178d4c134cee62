import { runDeleted, viewsChanged } from '../../../contract/events.ts';
import { deleteView, listViews, renameView, saveView, type View } from '../../../contract/views.ts';
import { client } from '../client/index.ts';
import { attempt } from './toasts.svelte.ts';

/** Saved views of the library, the same in all windows and tabs. Made by the pages that offer them. */
export class Views {
  /** By name; null until the first answer. */
  all: readonly View[] | null = $state.raw(null);
  readonly #ends: (() => void)[];

  constructor() {
    const load = (): void =>
      void attempt(async () => {
        this.all = await client.call(listViews, {});
      });
    this.#ends = [client.whenOpen(load), client.on(viewsChanged, load), client.on(runDeleted, load)];
  }

  close(): void {
    for (const end of this.#ends) end();
  }

  /** @returns whether it was kept; why not is told */
  async save(view: { name: string; runIds: number[]; look: string; replace: boolean }): Promise<boolean> {
    return (await attempt(() => client.call(saveView, view))) !== undefined;
  }

  async rename(name: string, to: string): Promise<boolean> {
    return (await attempt(() => client.call(renameView, { name, to }))) !== undefined;
  }

  async remove(name: string): Promise<boolean> {
    return (await attempt(() => client.call(deleteView, { name }))) !== undefined;
  }
}
