import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { _electron, errors, type ElectronApplication } from 'playwright-core';
import { findElectron } from './electron-copy.ts';
import { startDisplay, type Display } from './display.ts';
import { root } from './root.ts';

export interface LaunchOptions {
  /** The library's folder. */
  readonly library: string;
  /** Electron's own folder for the window's place and logs; a fresh one unless it is given. */
  readonly userData?: string;
  /** A packed app's executable instead of Electron with the checkout. */
  readonly executable?: string;
  readonly args?: readonly string[];
}

let display: Display | null = null;

/** Closes the display that `launchApp` opened. */
export function closeDisplay(): void {
  display?.stop();
  display = null;
}

/** The display that `launchApp` opened, for a second start by hand. */
export function displayName(): string {
  return display?.name ?? '';
}

/**
 * Playwright's own way to hold an app back until it is attached. Without it, attaching to a window that is just being
 * made may never end; a packed app can't be held back, so an attempt that takes too long is made again.
 */
const holdBack = join(root, 'node_modules/playwright-core/lib/server/electron/loader.js');
const ATTEMPTS = 4;
const ATTEMPT_TIMEOUT_MS = 25_000;

/** Starts the app in Electron on a display of its own; Playwright drives it. */
export async function launchApp(options: LaunchOptions): Promise<ElectronApplication> {
  display ??= await startDisplay();
  const packed = options.executable !== undefined;
  const executablePath = options.executable ?? (await findElectron()).executable;
  const args = [...(packed ? [] : ['-r', holdBack]), ...appArguments(options), ...(packed ? [] : [root])];
  const env = { ...cleanEnvironment(), DISPLAY: display.name, EDM2_LIBRARY: options.library };
  for (let attempt = 1; ; attempt++) {
    try {
      return await _electron.launch({ executablePath, args, cwd: root, env, timeout: ATTEMPT_TIMEOUT_MS });
    } catch (error) {
      if (attempt === ATTEMPTS || !(error instanceof errors.TimeoutError)) throw error;
    }
  }
}

/** What every start of the app in a test says on the command line. */
export function appArguments(options: Pick<LaunchOptions, 'userData' | 'args'>): string[] {
  const userData = options.userData ?? mkdtempSync(join(tmpdir(), 'edm2-user-'));
  return [
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), // as root Chromium can't build its sandbox
    '--disable-gpu',
    `--user-data-dir=${userData}`,
    ...(options.args ?? []),
  ];
}

/** This process's environment as text, without what a test runner's Node would hand on to Electron. */
export function cleanEnvironment(): Record<string, string> {
  const skip = new Set(['NODE_OPTIONS', 'ELECTRON_RUN_AS_NODE', 'LD_LIBRARY_PATH', 'DISPLAY']);
  const entries = Object.entries(process.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !skip.has(entry[0]),
  );
  return Object.fromEntries(entries);
}

/** Whether the app was built; E2E tests drive what `npm run build` made. */
export function isBuilt(): boolean {
  return ['dist/main/main.cjs', 'dist/main/preload.cjs', 'dist/renderer/index.html'].every((file) =>
    existsSync(join(root, file)),
  );
}
