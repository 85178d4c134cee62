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

/** Scrolling rests when it has not moved for so long. */
const REST_MS = 250;

/**
 * Which rows of a long table must exist as elements: those in sight, some above and below, and the one that Tab reaches.
 * A table of a thousand runs is drawn as quickly as one of twenty. All rows are of one height.
 */
export class RowWindow {
  readonly #count: () => number;
  readonly #reachable: () => number;
  readonly #onfirst: ((row: number) => void) | undefined;
  #restTimer: ReturnType<typeof setTimeout> | undefined;
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
   * @param onfirst   hears which row is the first in sight, when scrolling rests
   */
  constructor(count: () => number, reachable: () => number, onfirst?: (row: number) => void) {
    this.#count = count;
    this.#reachable = reachable;
    this.#onfirst = onfirst;
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
    const scrolled = (): void => {
      look();
      clearTimeout(this.#restTimer);
      this.#restTimer = setTimeout(() => this.#onfirst?.(this.#firstInSight(body)), REST_MS);
    };
    look();
    window.addEventListener('scroll', scrolled, { capture: true, passive: true });
    window.addEventListener('resize', look);
    return () => {
      clearTimeout(this.#restTimer);
      window.removeEventListener('scroll', scrolled, { capture: true });
      window.removeEventListener('resize', look);
    };
  };

  /** Gives a row the focus, which brings it into sight. */
  async focus(index: number): Promise<void> {
    (await this.#row(index))?.focus();
  }

  /** Brings a row to the upper end of what is in sight. */
  async reveal(index: number): Promise<void> {
    (await this.#row(index))?.scrollIntoView({ block: 'start' });
  }

  async #row(index: number): Promise<HTMLElement | null> {
    const row = (): HTMLElement | null => this.#body?.querySelector(`[data-index="${index}"]`) ?? null;
    if (row() === null) {
      this.#top = index * this.#rowHeight - this.#height / 2;
      await tick();
    }
    return row();
  }

  /** The first row below the table's head, which stays while rows scroll. */
  #firstInSight(body: HTMLElement): number {
    const head = body.parentElement?.querySelector('thead')?.getBoundingClientRect().bottom ?? 0;
    const above = head - body.getBoundingClientRect().top;
    return Math.max(0, Math.min(this.#count() - 1, Math.round(above / this.#rowHeight)));
  }

  /** Rows of a page, for Page Up and Page Down. */
  get page(): number {
    return Math.max(1, Math.floor(this.#height / this.#rowHeight) - 4);
  }
}
