import { MediaQuery } from 'svelte/reactivity';
import { settings } from './settings.svelte.ts';

export interface TextFont {
  readonly family: string;
  /** Pixels. */
  readonly size: number;
}

/** Which colours are drawn now: the user's choice, or the system's, which always counts where it forces its own. */
class Theme {
  readonly #dark = new MediaQuery('prefers-color-scheme: dark');
  readonly #forced = new MediaQuery('forced-colors: active');
  readonly name: 'light' | 'dark' = $derived.by(() => {
    const { theme } = settings.current;
    return theme === 'system' || this.#forced.current ? (this.#dark.current ? 'dark' : 'light') : theme;
  });

  constructor() {
    // Before the effects of charts run, which read colours from the document: pre.
    $effect.root(() => {
      $effect.pre(() => {
        document.documentElement.dataset.theme = this.name;
      });
    });
    document.documentElement.dataset.theme = this.name;
  }

  /** The value of a colour token under the present theme, for what is painted on a canvas. */
  color(token: string): string {
    const root = document.documentElement;
    // A canvas may be painted before the effect above has run.
    if (root.dataset.theme !== this.name) root.dataset.theme = this.name;
    const value = getComputedStyle(root).getPropertyValue(token).trim();
    // The build shortens #ffffff to #fff; painters add an alpha of two digits or read six.
    return value.replace(/^#(.)(.)(.)$/, '#$1$1$2$2$3$3');
  }

  /** That of small text, for what is painted on a canvas: it is as large as the page's, which follows the browser's own. */
  font(): TextFont {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
    return { family: this.color('--font'), size: (parseFloat(this.color('--size-small')) || 0.6875) * rem };
  }
}

export const theme = new Theme();
