// @vitest-environment node
import axe from 'axe-core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { climb } from '../../../../contract/ladder.ts';
import { imagesAxis, tickAxis } from '../../../../renderer/lib/charts/axes.ts';
import { sequentialScale } from '../../../../renderer/lib/charts/color-map.ts';
import { curveFigure } from '../../../../renderer/lib/charts/curve-figure.ts';
import { mapFigure } from '../../../../renderer/lib/charts/map-figure.ts';
import { runDifferences } from '../../../../renderer/lib/run/run-differences.ts';
import { runMark } from '../../../../renderer/lib/run-colors.ts';
import { comparisonPage, type Comparison } from '../../../../renderer/pages/compare/comparison-page.ts';
import { lacksForBrowser, launchChromium } from '../../../support/needs.ts';
import { exampleRun } from '../../support/examples.ts';

/** A comparison whose every text tries to be an element or an address. */
const ODD = `</title><script>document.title='ran'</script><img src="https://example.com/x.png" onerror="document.title='ran'">&amp;'"`;
const PIXEL = 'data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///ywAAAAAAQABAAACAUwAOw==';
const runs = [1, 2].map((id) => ({
  ...exampleRun(),
  ...{ id, name: `${ODD} ${id}`, notes: id === 1 ? ODD : '', config: climb(exampleRun().config, id === 1 ? 'C' : 'G') },
}));
const xs = Array.from({ length: 900 }, (_, index) => 64 * (index + 1));
const finding = { rule: 'clipped' as const, tone: 'warn' as const, kind: null, row: null, nimg: null };

const comparison: Comparison = {
  ...{ title: ODD, saved: '29 November 2026', runs, lead: (id) => id, leftOut: [ODD], clock: 640 },
  figures: [
    curveFigure({
      ...{
        title: ODD,
        words: [ODD],
        smoothed: null,
        x: imagesAxis(),
        y: tickAxis('loss'),
        range: null,
        reach: {},
        marks: [],
      },
      series: runs.map(({ id, name }) => ({ id: name, label: name, ...runMark(id), xs, ys: xs.map((at) => id / at) })),
    }),
    mapFigure({
      ...{ title: ODD, words: [ODD], picture: PIXEL, height: 100, scale: sequentialScale(0, 1), end: String },
      ...{ missing: { label: ODD, token: '--bad' }, left: [{ at: 0.5, label: ODD }], below: [] },
      titles: { left: ODD, below: ODD },
    }),
  ],
  grids: [
    { run: ODD, drawn: { nimg: 512, data: PIXEL } },
    { run: ODD, drawn: null },
  ],
  differences: runDifferences(runs),
  findings: [{ run: ODD, findings: [{ ...finding, text: ODD, reason: ODD }] }],
};
const page = comparisonPage(comparison);

test('every colour that is drawn is said, for light and for dark', () => {
  const used = new Set(Array.from(page.matchAll(/var\((--[\w-]+)\)/g), ([, token]) => token!));
  expect(used.size).toBeGreaterThan(8);
  const style = /<style>(.*?)<\/style>/s.exec(page)![1]!;
  const [light = '', dark = ''] = style.split('prefers-color-scheme');
  for (const token of used) {
    expect(light).toContain(`${token}:`);
    if (token !== '--font') expect(dark).toContain(`${token}:`);
  }
});

test('it tells how many of the moments its tables have', () => {
  expect(page).toContain('180 of 900 moments');
});

describe.skipIf(lacksForBrowser() !== null)('opened in Chromium without a network', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  test('nothing runs and nothing is asked for, whatever names and notes hold; they stand there as they are', async () => {
    const context = await browser.newContext({ offline: true, viewport: { width: 375, height: 800 } });
    const shown = await context.newPage();
    const asked: string[] = [];
    shown.on('request', (request) => {
      if (!request.url().startsWith('data:')) asked.push(request.url());
    });
    await shown.setContent(page);
    const seen = await shown.evaluate(() => ({
      title: document.title,
      scripts: document.querySelectorAll('script, [onerror], [onload], a, link, iframe').length,
      addresses: [...document.querySelectorAll('*')].flatMap((element) =>
        [...element.attributes]
          .filter(({ name, value }) => name !== 'alt' && /^\s*\w+:\/\/|url\(/.test(value))
          .map(({ name, value }) => `${name}=${value}`),
      ),
      pictures: [...document.images].map(({ naturalWidth }) => naturalWidth),
      drawings: document.querySelectorAll('section > svg').length,
      wide: document.documentElement.scrollWidth,
      text: document.body.innerText,
    }));
    expect(seen).toMatchObject({ title: ODD, scripts: 0, addresses: [], pictures: [1], drawings: 2, wide: 375 });
    expect(seen.text).toContain(`${ODD} 1: ${ODD}`); // the note
    expect(seen.text).toContain(`Worth a look: ${ODD} ${ODD}`);
    expect(seen.text).toContain(`Not in this file: ${ODD}.`);
    expect(asked).toEqual([]);
    await context.close();
  });

  test('axe finds nothing in it, with everything unfolded', async () => {
    const context = await browser.newContext({ offline: true, bypassCSP: true, viewport: { width: 640, height: 800 } });
    const shown = await context.newPage();
    await shown.setContent(page);
    await shown.evaluate(() => document.querySelectorAll('details').forEach((details) => (details.open = true)));
    await shown.evaluate(axe.source);
    const violations = await shown.evaluate(async () => {
      const { axe: loaded } = window as unknown as { axe: typeof axe };
      return (await loaded.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`);
    });
    expect(violations).toEqual([]);
    await context.close();
  });

  test('it is dark where a screen wants that, and paper is light', async () => {
    const context = await browser.newContext({ offline: true, colorScheme: 'dark' });
    const shown = await context.newPage();
    await shown.setContent(page);
    const ground = (): Promise<string> => shown.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(await ground()).toBe('rgb(20, 21, 22)');
    await shown.emulateMedia({ media: 'print' });
    expect(await ground()).toBe('rgb(251, 251, 250)');
    await context.close();
  });
});
