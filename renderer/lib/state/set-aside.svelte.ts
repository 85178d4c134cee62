import { emptySetAside, listSetAside, type SetAside } from '../../../contract/set-aside.ts';
import { client } from '../client/index.ts';
import { bytes, count as words } from '../format.ts';
import { attempt } from './toasts.svelte.ts';

/** Under this name the browser remembers up to which moment the user has been told. */
const KEY = 'set-aside-told';

/** Files that the library did not know and that were moved to its folder `set-aside`. */
class SetAsideFiles {
  /** Null until the first answer. */
  content: SetAside | null = $state.raw(null);
  #told = $state(localStorage.getItem(KEY));

  constructor() {
    client.whenOpen(() => void attempt(() => this.load()));
  }

  /** "3 files, 12.0 MB". */
  get amount(): string {
    const { count = 0, sizeBytes = 0 } = this.content ?? {};
    return `${words(count)} ${count === 1 ? 'file' : 'files'}, ${bytes(sizeBytes)}`;
  }

  /** There are some that the user has not been told of. */
  get isNews(): boolean {
    return this.content !== null && this.content.count > 0 && this.content.newest !== this.#told;
  }

  /** The user knows; what is set aside later is news again. */
  dismiss(): void {
    this.#told = this.content?.newest ?? null;
    if (this.#told !== null) localStorage.setItem(KEY, this.#told);
  }

  async load(): Promise<void> {
    this.content = await client.call(listSetAside, {});
  }

  async empty(): Promise<void> {
    await client.call(emptySetAside, {});
    await this.load();
  }
}

export const setAside = new SetAsideFiles();
