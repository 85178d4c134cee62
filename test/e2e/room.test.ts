import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksForBrowser, launchChromium } from '../support/needs.ts';
import { root } from '../support/root.ts';
import { startServing, type TestService } from '../support/service.ts';
import { tooNarrow } from './room.ts';
import { fillLibrary } from './small-library.ts';
import { everyState, visit } from './states.ts';

/** Windows of 1280×1024 at 400 %, of 1440×900 at 200 %, and a small one. */
const rooms = [
  [320, 256],
  [720, 450],
  [1024, 768],
] as const;

/** Pages with bars, maps and sliders, whose marks are nothing but their ground. */
const marked = everyState.filter(({ name }) =>
  ['run: pinned layers', 'run: snapshots', 'data: a set', 'EMA lab', 'generate'].includes(name),
);

describe.skipIf(lacksForBrowser() !== null)('on every page, tab and dialog', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edm2-room-'));
  const library = join(folder, 'library');
  /** Screenshots lie here for people to look at. */
  const looks = join(root, '.cache/screenshots/room');
  let service: TestService;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    mkdirSync(looks, { recursive: true });
    await fillLibrary(library, folder);
    service = await startServing(library);
    browser = await launchChromium();
    page = await browser.newPage({ reducedMotion: 'reduce' });
    page.setDefaultTimeout(15_000);
    await page.goto(service.url!);
  });
  afterAll(async () => {
    await browser.close();
    await service.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const origin = (): string => new URL(service.url!).origin;

  describe.each(rooms)(
    'in %i × %i px nothing scrolls both ways, is cut or lies over anything else',
    (width, height) => {
      beforeAll(() => page.setViewportSize({ width, height }));

      test.each(everyState)('$name', async (state) => {
        await visit(page, origin(), state);
        await page.screenshot({ path: join(looks, `${width} ${state.name.replace(':', '')}.png`) });
        expect(await tooNarrow(page)).toEqual([]);
      });
    },
  );

  test('a large picture is large at 400 %', async () => {
    await page.setViewportSize({ width: 320, height: 256 });
    await visit(
      page,
      origin(),
      everyState.find(({ name }) => name === 'run: a picture')!,
    );
    const { width, height } = (await page.getByRole('dialog').getByRole('img').boundingBox())!;
    expect(Math.min(width, height)).toBeGreaterThan(180);
  });

  describe('with forced colours marks are drawn', () => {
    beforeAll(async () => {
      await page.emulateMedia({ forcedColors: 'active', colorScheme: 'dark' });
      await page.setViewportSize({ width: 1280, height: 800 });
    });

    test.each(marked)('$name', async (state) => {
      await visit(page, origin(), state);
      await page.screenshot({ path: join(looks, `forced ${state.name.replace(':', '')}.png`) });
      // The device's bar at the foot of the rail is one of them, on every page.
      await page.locator('.device .drawn').waitFor();
      const grounds = await page.evaluate(() => {
        const ground = (element: Element): string => getComputedStyle(element).backgroundColor;
        return { page: ground(document.body), marks: [...document.querySelectorAll('.drawn')].map(ground) };
      });
      expect(grounds.marks).not.toContain(grounds.page);
    });
  });
});
