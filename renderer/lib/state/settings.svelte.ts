import type * as z from 'zod';
import { getSettings, setSettings, Settings } from '../../../contract/app.ts';
import { settingsChanged } from '../../../contract/events.ts';
import { client } from '../client/index.ts';
import { attempt } from './toasts.svelte.ts';

/** Where the theme is remembered, so that the next start does not flash in the wrong one. */
const THEME_KEY = 'theme';

/** The user's settings, the same in all windows and tabs; defaults until the service has answered. */
class SettingsState {
  current: Settings = $state.raw({ ...Settings.parse({}), theme: rememberedTheme() });

  constructor() {
    client.whenOpen(() => {
      void attempt(async () => {
        this.#take(await client.call(getSettings, {}));
      });
    });
    client.on(settingsChanged, (settings) => this.#take(settings));
  }

  /** Changes some settings; what the service says they are afterwards is what counts. */
  async change(part: Partial<z.output<typeof Settings>>): Promise<void> {
    const before = this.current;
    this.#take({ ...before, ...part });
    const saved = await attempt(() => client.call(setSettings, part));
    this.#take(saved ?? before);
  }

  #take(settings: Settings): void {
    this.current = settings;
    localStorage.setItem(THEME_KEY, settings.theme);
  }
}

function rememberedTheme(): Settings['theme'] {
  const remembered = Settings.shape.theme.safeParse(localStorage.getItem(THEME_KEY) ?? undefined);
  return remembered.success ? remembered.data : 'system';
}

export const settings = new SettingsState();
