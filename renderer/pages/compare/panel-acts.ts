import type { Panel } from './panels.ts';

/** What a panel asks the page for. */
export interface PanelActs {
  /** Draws something else in its place. */
  readonly onchange: (panel: Panel) => void;
  /** Draws something behind it. */
  readonly onadd: (panel: Panel) => void;
  /** Moves it before the panel in front of it, or behind the next; null: it is the first, or the last. */
  readonly onup: (() => void) | null;
  readonly ondown: (() => void) | null;
  readonly onremove: () => void;
}
