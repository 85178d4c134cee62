import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import puppeteer, { type Browser as Firefox } from 'puppeteer-core';
import { isBuilt } from './electron.ts';
import { findElectron } from './electron-copy.ts';
import { hasVirtualDisplay } from './display.ts';

/** Where Debian and others put Chromium. */
const chromiums = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const firefoxes = ['/usr/bin/firefox-esr', '/usr/bin/firefox'];

/** Chromium's executable, or null where none is installed. */
function findChromium(): string | null {
  return process.env.EDM2_CHROMIUM ?? chromiums.find((path) => existsSync(path)) ?? null;
}

/** Starts Chromium without a window, and without its own wish to speak to its maker. */
export function launchChromium(args: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium()!,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...args,
    ],
  });
}

/** Firefox's executable, or null where none is installed. */
function findFirefox(): string | null {
  return process.env.EDM2_FIREFOX ?? firefoxes.find((path) => existsSync(path)) ?? null;
}

/** Starts Firefox without a window, driven by WebDriver BiDi. */
export function launchFirefox(): Promise<Firefox> {
  return puppeteer.launch({ browser: 'firefox', executablePath: findFirefox()!, headless: true });
}

/**
 * What tests of the app in Electron lack here, as a sentence; null: nothing.
 * With REQUIRE_ALL=1 a lack is an error, so that CI can't pass by skipping.
 */
export async function lacksForElectron(): Promise<string | null> {
  if (!isBuilt()) return lack('The app is not built: run `npm run build`.');
  if (!hasVirtualDisplay()) return lack('Xvfb is missing: apt-get install xvfb.');
  try {
    await findElectron();
    return null;
  } catch (error) {
    return lack(`No Electron: ${(error as Error).message}`);
  }
}

/** The same for tests of the app in a browser. */
export function lacksForBrowser(): string | null {
  if (!isBuilt()) return lack('The app is not built: run `npm run build`.');
  return findChromium() === null ? lack('Chromium is missing: apt-get install chromium.') : null;
}

/** The same for tests of the app in Firefox. */
export function lacksForFirefox(): string | null {
  if (!isBuilt()) return lack('The app is not built: run `npm run build`.');
  return findFirefox() === null ? lack('Firefox is missing: apt-get install firefox-esr.') : null;
}

/** Says why tests are skipped; an error where nothing may be skipped. */
export function lack(sentence: string): string {
  if (process.env.REQUIRE_ALL === '1') throw new Error(sentence);
  process.stderr.write(`Skipped: ${sentence}\n`);
  return sentence;
}
