import { settings } from './settings.svelte.ts';

/** Which colours are drawn now: the user's choice, or the system's. */
class Theme {
  readonly #systemDark = window.matchMedia('(prefers-color-scheme: dark)');
  #systemIsDark = $state(this.#systemDark.matches);
  readonly name: 'light' | 'dark' = $derived(
    settings.current.theme === 'system' ? (this.#systemIsDark ? 'dark' : 'light') : settings.current.theme,
  );

  constructor() {
    this.#systemDark.addEventListener('change', (event) => {
      this.#systemIsDark = event.matches;
    });
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
}

export const theme = new Theme();
