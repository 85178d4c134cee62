import { tick } from 'svelte';
import type { Attachment } from 'svelte/attachments';
import { gridWindow } from '../window-grid/rows.ts';

/** Rows of a table that exist, and how much room stands for those that don't. */
export interface RowPart {
  index: number;
  /** Height of the rows before it that are left out, in pixels. */
  gap: number;
}

/** Above and below what is in sight: a quick turn of the wheel shows no empty rows. */
const OVERSCAN = 12;

/**
 * Which rows of a long table must exist as elements: those in sight, some above and below, and the one that Tab reaches.
 * A table of a thousand runs is drawn as quickly as one of twenty. All rows are of one height.
 */
export class RowWindow {
  readonly #count: () => number;
  readonly #reachable: () => number;
  #body: HTMLElement | undefined;
  #rowHeight = $state(44);
  /** Of the visible part, from the first row's upper edge, in pixels. */
  #top = $state(0);
  #height = $state(window.innerHeight);
  readonly #part = $derived.by(() => {
    const height = this.#rowHeight;
    return gridWindow(this.#count(), { width: 1, height }, 1, { top: this.#top, height: this.#height }, OVERSCAN);
  });

  /** Rows that exist, in order. */
  readonly rows: readonly RowPart[] = $derived.by(() => {
    const { first, end } = this.#part;
    const indices = new Set(Array.from({ length: end - first }, (_, at) => first + at));
    if (this.#count() > 0) indices.add(this.#reachable());
    let next = 0;
    return [...indices]
      .sort((a, b) => a - b)
      .map((index) => {
        const gap = (index - next) * this.#rowHeight;
        next = index + 1;
        return { index, gap };
      });
  });
  /** Height of the rows after the last that exists, in pixels. */
  readonly rest = $derived.by(() => (this.#count() - 1 - (this.rows.at(-1)?.index ?? -1)) * this.#rowHeight);

  /**
   * @param count     rows in all
   * @param reachable the row that is in the tab order
   */
  constructor(count: () => number, reachable: () => number) {
    this.#count = count;
    this.#reachable = reachable;
  }

  /** For the table's body: follows what of it is in sight, whichever element around it scrolls. */
  readonly watch: Attachment<HTMLElement> = (body) => {
    this.#body = body;
    const look = (): void => {
      const measured = body.querySelector('[data-index]')?.getBoundingClientRect().height ?? 0;
      if (measured > 0) this.#rowHeight = measured;
      this.#top = -body.getBoundingClientRect().top;
      this.#height = window.innerHeight;
    };
    look();
    window.addEventListener('scroll', look, { capture: true, passive: true });
    window.addEventListener('resize', look);
    return () => {
      window.removeEventListener('scroll', look, { capture: true });
      window.removeEventListener('resize', look);
    };
  };

  /** Gives a row the focus, which brings it into sight. */
  async focus(index: number): Promise<void> {
    const row = (): HTMLElement | null => this.#body?.querySelector(`[data-index="${index}"]`) ?? null;
    if (row() === null) {
      this.#top = index * this.#rowHeight - this.#height / 2;
      await tick();
    }
    row()?.focus();
  }

  /** Rows of a page, for Page Up and Page Down. */
  get page(): number {
    return Math.max(1, Math.floor(this.#height / this.#rowHeight) - 4);
  }
}
