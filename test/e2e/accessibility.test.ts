import axe from 'axe-core';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lacksForBrowser, launchChromium } from '../support/needs.ts';
import { startServing, type TestService } from '../support/service.ts';
import { fillLibrary } from './small-library.ts';
import { everyState, visit } from './states.ts';

/** Rules of WCAG 2.2, A and AA, and those that axe's makers hold for good practice. */
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const looks = [
  { colorScheme: 'light', width: 1280 },
  { colorScheme: 'dark', width: 1280 },
  { colorScheme: 'light', width: 320 }, // 1280 px at 400 %
] as const;

describe.skipIf(lacksForBrowser() !== null)('axe finds nothing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edm2-axe-'));
  const library = join(folder, 'library');
  let service: TestService;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    await fillLibrary(library, folder);
    service = await startServing(library);
    browser = await launchChromium();
    page = await browser.newPage({ reducedMotion: 'reduce' });
    page.setDefaultTimeout(60_000);
    await page.goto(service.url!);
  });
  afterAll(async () => {
    await browser.close();
    await service.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  for (const { colorScheme, width } of looks) {
    describe(`${colorScheme}, ${width} px`, () => {
      beforeAll(async () => {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
      });

      test.each(everyState)('$name', async (state) => {
        await visit(page, new URL(service.url!).origin, state);
        expect(await violations(page)).toEqual([]);
      });
    });
  }
});

/** What breaks a rule, with the rule's name and where. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async (tags) => {
    const { violations: found } = await (window as unknown as { axe: typeof axe }).axe.run(document, {
      runOnly: { type: 'tag', values: tags },
      resultTypes: ['violations'],
    });
    return found.flatMap(({ id, nodes }) =>
      nodes.map(
        ({ html, failureSummary }) =>
          `${id}: ${html.slice(0, 200)} – ${(failureSummary ?? '').replaceAll(/\s+/g, ' ')}`,
      ),
    );
  }, rules);
}
