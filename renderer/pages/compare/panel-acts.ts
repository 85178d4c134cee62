import type { Crosshair } from '../../lib/charts/crosshair.svelte.ts';
import type { RunData } from '../../lib/run/run-data.svelte.ts';
import type { Panel } from './panels.ts';
import type { XName } from './x-axis.ts';

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

/** What a panel over time is given. */
export interface TimePanel {
  /** Runs that are there. */
  readonly runs: readonly RunData[];
  readonly x: XName;
  /** Pixels of what is drawn; of a map more where rows would become too thin. */
  readonly height: number;
  readonly crosshair: Crosshair;
  /** Where the page's clock stands, in units of x; null: nowhere, or at the end. */
  readonly clock: number | null;
  readonly onpick: (x: number) => void;
  readonly acts: PanelActs;
}
