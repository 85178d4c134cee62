import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksForFirefox, launchFirefox } from '../support/needs.ts';
import { root } from '../support/root.ts';
import { startServing, type TestService } from '../support/service.ts';
import { fillLibrary } from './small-library.ts';
import { everyState } from './states.ts';

const addresses = [...new Set(everyState.map(({ at }) => at))];

describe.skipIf(lacksForFirefox() !== null)('in Firefox', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edm2-firefox-'));
  const screenshots = join(root, '.cache/screenshots/firefox');
  const complaints: string[] = [];
  let service: TestService;
  let browser: Browser;
  let page: Page;

  const press = (role: string, name: string): Promise<void> =>
    page.locator(`::-p-aria([name="${name}"][role="${role}"])`).click();
  const fill = async (label: string, text: string): Promise<void> => {
    const id = await page.$$eval(
      'label',
      (labels, wanted) => labels.find((one) => one.textContent.trim() === wanted)?.htmlFor,
      label,
    );
    await page.locator(`#${id}`).fill(text);
  };
  const visit = async (at: string): Promise<void> => {
    await page.goto('about:blank');
    await page.goto(`${new URL(service.url!).origin}/#${at}`);
    await page.waitForSelector('h1');
  };
  const see = (words: string): Promise<unknown> =>
    page.waitForFunction((text) => document.body.innerText.includes(text), { timeout: 60_000 }, words);

  beforeAll(async () => {
    mkdirSync(screenshots, { recursive: true });
    await fillLibrary(join(folder, 'library'), folder);
    service = await startServing(join(folder, 'library'));
    browser = await launchFirefox();
    page = await browser.newPage();
    page.setDefaultTimeout(120_000); // a machine that is busy otherwise loads TensorFlow slowly
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.setViewport({ width: 1280, height: 800 });
    await page.goto(service.url!);
  });
  afterAll(async () => {
    await browser.close();
    await service.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  // Before the visits: Firefox remembers each of their requests while it is driven, and takes a core from training.
  test('a run goes on and is paused', async () => {
    await visit('/runs/3/overview');
    await press('button', 'Resume');
    await see('Training since');
    await page.waitForFunction(() => (document.querySelector('canvas')?.width ?? 0) > 0);
    await press('button', 'Pause');
    await see('Paused at');
  });

  test('pictures are generated', async () => {
    await visit('/generate');
    await fill('Seeds', '0-3');
    await fill('Steps', '4');
    await page.locator('button ::-p-text(Generate)').click();
    await page.waitForFunction(
      () =>
        [...document.images].filter(({ src, naturalWidth }) => src.includes('/files/') && naturalWidth > 0).length > 4,
      { timeout: 60_000 },
    );
  });

  test('keys find pages and move sliders', async () => {
    await visit('/ema-lab?run=1&sigma=0.1');
    const slider = await page.waitForSelector('input[type=range]');
    const before = await slider!.evaluate((input) => input.value);
    await slider!.focus();
    await page.keyboard.press('PageDown');
    expect(Number(await slider!.evaluate((input) => input.value))).toBeLessThan(Number(before));
    await page.keyboard.down('Control');
    await page.keyboard.press('k');
    await page.keyboard.up('Control');
    await page.keyboard.type('settings');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.hash === '#/settings');
  });

  test.each(addresses)('%s comes up', async (at) => {
    await visit(at);
    await page.waitForNetworkIdle({ idleTime: 300 });
    await page.screenshot({ path: join(screenshots, `${at.replaceAll(/[/?=,&]+/g, '-').slice(1)}.png`) });
    const [needs, has] = await page.$eval('#main', (main) => [main.scrollWidth, main.clientWidth]);
    expect(needs).toBeLessThanOrEqual(has!);
    // The one that wipes lies over pictures.
    const bare = await page.$$eval('input[type=range]:not(.wipe *)', (sliders) =>
      sliders.filter((slider) => getComputedStyle(slider, '::-moz-range-track').backgroundColor === 'rgba(0, 0, 0, 0)'),
    );
    expect(bare, 'sliders without a track').toEqual([]);
  });

  test('nothing failed on the way: no error of the page, no breach of its content policy', () => {
    expect(complaints).toEqual([]);
  });
});
