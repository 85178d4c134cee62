import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, ElectronApplication, Page } from 'playwright-core';
import { closeDisplay, launchApp } from '../support/electron.ts';
import { launchChromium } from '../support/needs.ts';
import { root } from '../support/root.ts';
import { startServing, type TestService } from '../support/service.ts';

/** Where the same story is told: in Electron's window or in a browser tab. */
export interface Stage {
  readonly name: 'electron' | 'browser';
  /** Starts the app on the stage's library and shows its first page. */
  open(): Promise<Page>;
  /** Closes the app as a user would. */
  close(): Promise<void>;
  /** Chooses a folder of pictures in the import dialog, which is open. */
  chooseFolder(page: Page, folder: string): Promise<void>;
  /** Clicks what saves a file, and gives back where it was saved. */
  save(page: Page, click: () => Promise<void>): Promise<string>;
  /** Removes what is left. */
  end(): Promise<void>;
  /** Errors of the page and breaches of its content policy since the stage was made. */
  readonly complaints: string[];
  /** A folder for the test's own files. */
  readonly folder: string;
}

/** Screenshots lie here for people to look at. */
export async function screenshot(stage: Stage, page: Page, name: string): Promise<void> {
  const folder = join(root, '.cache/screenshots', stage.name);
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

function listen(page: Page, complaints: string[]): void {
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
}

export function electronStage(): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'edm2-story-'));
  const complaints: string[] = [];
  let app: ElectronApplication | null = null;
  return {
    name: 'electron',
    folder,
    complaints,
    async open() {
      app = await launchApp({ library: join(folder, 'library'), userData: join(folder, 'user') });
      const page = await app.firstWindow();
      listen(page, complaints);
      return page;
    },
    async close() {
      await app?.close();
      app = null;
    },
    async chooseFolder(page, chosen) {
      // The system's own dialog can't be driven; the user's answer is put in its place.
      await app!.evaluate(({ dialog }, path) => {
        dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [path] });
      }, chosen);
      await page.getByRole('button', { name: 'Choose a folder' }).click();
    },
    async save(_page, click) {
      const path = join(folder, 'saved.png');
      await app!.evaluate(({ session }, target) => {
        (globalThis as unknown as { saved: boolean }).saved = false;
        session.defaultSession.once('will-download', (_event, item) => {
          item.setSavePath(target);
          item.once('done', () => ((globalThis as unknown as { saved: boolean }).saved = true));
        });
      }, path);
      await click();
      await app!.evaluate(
        () =>
          new Promise<void>((resolve) => {
            const timer = setInterval(() => {
              if (!(globalThis as unknown as { saved?: boolean }).saved) return;
              clearInterval(timer);
              resolve();
            }, 50);
          }),
      );
      return path;
    },
    async end() {
      await app?.close();
      closeDisplay();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export function browserStage(): Stage {
  const folder = mkdtempSync(join(tmpdir(), 'edm2-story-'));
  const complaints: string[] = [];
  let service: TestService | null = null;
  let browser: Browser | null = null;
  return {
    name: 'browser',
    folder,
    complaints,
    async open() {
      service = await startServing(join(folder, 'library'));
      browser ??= await launchChromium();
      const page = await browser.newPage({ viewport: { width: 1360, height: 900 } });
      listen(page, complaints);
      await page.goto(service.url!);
      return page;
    },
    async close() {
      for (const context of browser?.contexts() ?? []) await context.close();
      await service?.stop();
      service = null;
    },
    async chooseFolder(page, chosen) {
      const list = page.getByRole('list', { name: 'Folders' });
      await list.getByRole('button', { name: '/', exact: true }).click();
      for (const name of chosen.split('/').filter((part) => part !== '')) {
        await list.getByRole('button', { name, exact: true }).click();
      }
      await page.getByRole('button', { name: 'Use this folder' }).click();
    },
    async save(page, click) {
      const [download] = await Promise.all([page.waitForEvent('download'), click()]);
      return download.path();
    },
    async end() {
      await browser?.close();
      await service?.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
