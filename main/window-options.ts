import type { BrowserWindowConstructorOptions } from 'electron';

/** Place and size of a window on the screen, in pixels that don't depend on the display's scale. */
export interface Bounds {
  readonly x?: number;
  readonly y?: number;
  readonly width: number;
  readonly height: number;
}

/** Smallest size at which every page is usable. */
export const MIN_SIZE = { width: 900, height: 600 };

/**
 * The options of every window. The page is treated as a stranger: no Node, a context of its own for the preload, the
 * sandbox of the operating system, the web's rules about origins.
 *
 * @param preload  path of the bundled preload script
 * @param bounds   where the window was last time
 * @param devTools whether developer tools may be opened; never in a packaged app
 */
export function windowOptions(preload: string, bounds: Bounds, devTools: boolean): BrowserWindowConstructorOptions {
  return {
    ...bounds,
    minWidth: MIN_SIZE.width,
    minHeight: MIN_SIZE.height,
    title: 'EDM2 Studio',
    show: false,
    backgroundColor: '#141516',
    autoHideMenuBar: true,
    webPreferences: {
      preload,
      devTools,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      contextIsolation: true,
      sandbox: true,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
    },
  };
}
