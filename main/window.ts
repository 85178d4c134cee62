import { BrowserWindow, screen } from 'electron';
import { APP_URL } from './origin.ts';
import { windowOptions } from './window-options.ts';
import { loadBounds, saveBounds } from './window-state.ts';

export interface WindowPlan {
  readonly preload: string;
  /** File that keeps the window's place. */
  readonly boundsFile: string;
  readonly devTools: boolean;
  /** Asked when the user closes the window. */
  readonly mayClose: (window: BrowserWindow) => Promise<boolean>;
}

/** Opens a window; the only place that does. */
export function openWindow(plan: WindowPlan): BrowserWindow {
  const areas = screen.getAllDisplays().map((display) => display.workArea);
  const window = new BrowserWindow(windowOptions(plan.preload, loadBounds(plan.boundsFile, areas), plan.devTools));
  window.once('ready-to-show', () => window.show());
  askBeforeClosing(window, plan);
  void window.loadURL(APP_URL);
  return window;
}

/** The question takes a moment, so the close is stopped, and done again when the answer is there. */
function askBeforeClosing(window: BrowserWindow, plan: WindowPlan): void {
  let asking = false;
  window.on('close', (event) => {
    event.preventDefault();
    if (asking) return;
    asking = true;
    saveBounds(plan.boundsFile, window.getNormalBounds());
    void plan.mayClose(window).then((may) => {
      asking = false;
      if (may) window.destroy();
    });
  });
}

/** Shows a place of the page ("/about"), as if the user had gone there. */
export function showPlace(window: BrowserWindow, place: string): void {
  void window.loadURL(`${APP_URL}#${place}`);
}
