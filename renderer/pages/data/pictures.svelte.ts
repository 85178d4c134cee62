import { datasetPictures } from '../../../contract/datasets.ts';
import { client } from '../../lib/client/index.ts';
import { attempt } from '../../lib/state/toasts.svelte.ts';

interface Picture {
  readonly index: number;
  readonly label: number | null;
}

/** Pictures asked for at once: some screens full. */
const PAGE = 500;

/** The pictures of a set, or of one of its classes, page by page as they come into sight. */
export class Pictures {
  readonly #datasetId: number;
  readonly #label: number | null;
  /** Null until the first answer. */
  total: number | null = $state(null);
  readonly #pages: Record<number, readonly Picture[]> = $state({});
  readonly #asked = new Set<number>();

  /** @param label only this class; null: all */
  constructor(datasetId: number, label: number | null) {
    this.#datasetId = datasetId;
    this.#label = label;
    void this.#load(0);
  }

  /** The picture at a place of the list; null while it is not known yet. */
  at(place: number): Picture | null {
    return this.#pages[Math.floor(place / PAGE)]?.[place % PAGE] ?? null;
  }

  /** Makes sure that the pictures of these places become known. */
  want(first: number, end: number): void {
    for (let page = Math.floor(first / PAGE); page * PAGE < end; page++) void this.#load(page);
  }

  async #load(page: number): Promise<void> {
    if (this.#asked.has(page)) return;
    this.#asked.add(page);
    const request = { id: this.#datasetId, label: this.#label, offset: page * PAGE, limit: PAGE };
    const answer = await attempt(() => client.call(datasetPictures, request));
    if (!answer) {
      this.#asked.delete(page);
      return;
    }
    this.#pages[page] = answer.pictures;
    this.total = answer.total;
  }
}
