import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drawPictures, PICTURES_PER_CLASS } from './pictures.ts';
import { screenshot, type Stage } from './stage.ts';

/** What the New run page's fields are filled with, by label: a run of seconds instead of minutes. */
const tinyRun: readonly (readonly [group: string | null, label: string, value: string])[] = [
  [null, 'Duration', '256'],
  [null, 'Batch size', '8'],
  ['Logging and checkpoints', 'Tick every', '32'],
  ['Logging and checkpoints', 'Snapshot every', '128'],
  ['Logging and checkpoints', 'Checkpoint every', '128'],
  ['Logging and checkpoints', 'Sample grid every', '128'],
  ['Sample grid', 'Columns', '4'],
  ['Sample grid', 'Rows', '2'],
  ['Sample grid', 'Steps', '4'],
];

/** Training and drawing of a tiny run take half a minute here; a machine that is busy otherwise may be far slower. */
const LONG = { timeout: 240_000 };

/** Every page, each with something on it when the story is told. */
const everywhere = [
  '/runs',
  '/runs/2/overview',
  '/runs/2/dynamics',
  '/runs/2/samples',
  '/runs/2/snapshots',
  '/compare?runs=1,2',
  '/new',
  '/data',
  '/ema-lab?run=2&sigma=0.07',
  '/generate',
  '/settings',
  '/about',
];

/** The story of a newcomer's first hour, one test a chapter, each beginning where the one before ended. */
export function tellStory(makeStage: () => Stage): void {
  let stage: Stage;
  let page: Page;

  beforeAll(async () => {
    stage = makeStage();
    page = await stage.open();
    page.setDefaultTimeout(30_000);
  });
  afterAll(async () => {
    await stage.end();
  });

  /** A chapter is told only if those before it came to their end: it begins where they left off. */
  let failed: string | null = null;
  const chapter = (name: string, tell: () => Promise<void>): void => {
    test(name, async () => {
      if (failed !== null) throw new Error(`an earlier chapter failed: ${failed}`);
      failed = name;
      try {
        await tell();
      } catch (error) {
        await screenshot(stage, page, 'failed');
        throw error;
      }
      failed = null;
    });
  };

  const visit = async (name: string): Promise<void> => {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name, exact: true }).click();
  };
  const see = (text: string | RegExp): Promise<void> =>
    page.getByText(text).filter({ visible: true }).first().waitFor();

  chapter('the first start says what to do and has the demo set', async () => {
    await page
      .getByRole('button', { name: /demo/i })
      .or(page.getByRole('link', { name: /demo/i }))
      .first()
      .waitFor();
    await screenshot(stage, page, '01-first-start');
    await visit('Data');
    await see(/3,781/);
    await screenshot(stage, page, '02-data');
  });

  chapter('one button trains the demo: a curve that moves, then stopped from the menu, after a question', async () => {
    await visit('Runs');
    await page.getByRole('button', { name: 'Train the demo' }).click();
    await page.waitForURL(/#\/runs\/\d+/);
    await page
      .getByText(/Training since/)
      .first()
      .waitFor(LONG);
    await expect.poll(() => isDrawn(page.locator('canvas').first()), LONG).toBe(true);
    await screenshot(stage, page, '03-demo');
    for (const pause of [50, 300, 1000]) {
      // The tooltip of a menu's button, which may be due meanwhile, doesn't take the key that closes the menu.
      await page.getByRole('button', { name: 'More actions' }).click();
      await page.waitForTimeout(pause);
      await page.keyboard.press('Escape');
      await page.getByRole('menu').waitFor({ state: 'detached' });
    }
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Stop…' }).click();
    const question = page.getByRole('dialog', { name: 'Stop “Demo”?' });
    await page.keyboard.press('Escape'); // nothing but the dialog hears it
    await question.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Stop…' }).click();
    await question.getByRole('button', { name: 'Stop' }).click();
    await page
      .getByText(/^Stopped/)
      .first()
      .waitFor(LONG);
  });

  chapter('a folder of pictures becomes a set; the file that is no picture is named and left out', async () => {
    const folder = join(stage.folder, 'shapes');
    await drawPictures(folder);
    await visit('Data');
    await page.getByRole('button', { name: 'Import pictures' }).click();
    const dialog = page.getByRole('dialog', { name: 'Import pictures' });
    await stage.chooseFolder(page, folder);
    await dialog.getByLabel('Resolution').selectOption({ label: '16×16' });
    await screenshot(stage, page, '04-import');
    await dialog.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText(`${PICTURES_PER_CLASS * 2} pictures, 1 file was left out`).waitFor();
    await page.getByText('Files left out, and why').click();
    await see(/broken\.png/);
    await page
      .getByRole('button', { name: 'Show' })
      .or(page.getByRole('link', { name: 'Show' }))
      .first()
      .click();
    await see('discs');
    await see('squares');
    await expect.poll(() => loadedPictures(page)).toBeGreaterThan(10);
    await screenshot(stage, page, '05-set');
  });

  chapter('a run is put together and started', async () => {
    await visit('New run');
    await page
      .getByRole('group', { name: 'Pictures to train on' })
      .getByRole('radio', { name: /shapes/ })
      .check();
    for (const [group, label, value] of tinyRun) await fill(page, group, label, value);
    await page.getByLabel('Name', { exact: true }).fill('story');
    await screenshot(stage, page, '06-new-run');
    await page.getByRole('button', { name: 'Start now' }).click();
    await page.waitForURL(/#\/runs\/2/);
  });

  chapter('while it trains the other pages answer at once', async () => {
    // TensorFlow is loaded first, which takes as long as the machine is busy with other things.
    await page
      .getByText(/training/i)
      .filter({ visible: true })
      .first()
      .waitFor(LONG);
    for (const name of ['Data', 'EMA lab', 'Generate', 'Compare', 'Runs']) {
      const started = Date.now();
      await visit(name);
      await page.getByRole('heading', { name }).first().waitFor();
      expect(Date.now() - started, name).toBeLessThan(2000);
    }
    await screenshot(stage, page, '07-runs-while-training');
    await page.getByRole('link', { name: 'story' }).first().click();
  });

  chapter('the run ends; its curve, its grid and its magnitudes are there to see', async () => {
    await page
      .getByText(/finished/i)
      .first()
      .waitFor(LONG);
    expect(await isDrawn(page.locator('canvas').first())).toBe(true);
    await expect.poll(() => loadedPictures(page)).toBeGreaterThan(0);
    await screenshot(stage, page, '08-run');
    for (const tab of ['Dynamics', 'Samples', 'Snapshots', 'System', 'Log', 'Config']) {
      await page
        .getByRole('tab', { name: tab })
        .or(page.getByRole('link', { name: tab }))
        .first()
        .click();
      if (tab === 'Dynamics') await expect.poll(() => isDrawn(page.locator('canvas').first())).toBe(true);
      await page.waitForTimeout(300); // only for the screenshot: charts and pictures come into view
      await screenshot(stage, page, `09-run-${tab.toLowerCase()}`);
    }
  });

  chapter('pictures are generated from its snapshot and saved as a PNG', async () => {
    await visit('Generate');
    await page.getByLabel('Seeds').fill('0-3');
    await page.getByLabel('Steps').fill('4');
    await page.getByRole('button', { name: /^Generate \d+ pictures/ }).click();
    const save = page.getByRole('link', { name: 'Save PNG' }).or(page.getByRole('button', { name: 'Save PNG' }));
    await save.waitFor(LONG);
    await expect.poll(() => loadedPictures(page)).toBeGreaterThan(3);
    await screenshot(stage, page, '10-generate');
    const picture = sharp(readFileSync(await stage.save(page, () => save.click())));
    const { format, width } = await picture.metadata();
    expect(format).toBe('png');
    expect(width).toBeGreaterThanOrEqual(4 * 16);
    const { channels } = await picture.stats();
    expect(Math.max(...channels.map((channel) => channel.stdev))).toBeGreaterThan(1); // not one colour
  });

  chapter('two runs are compared: curves of both, what differs, and their pictures', async () => {
    await page.evaluate(() => (window.location.hash = '#/compare?runs=1,2'));
    const differences = page.getByRole('region', { name: 'Config' });
    await differences.getByRole('columnheader', { name: 'story' }).waitFor();
    expect(await differences.getByRole('columnheader').count()).toBe(3); // the setting, and a column for each run
    expect(await differences.getByRole('row', { name: /^data / }).textContent()).toContain('shapes');
    await page.getByText(/^Loss, as measured\. .*story: [\d.]+ at 256 images/).waitFor({ state: 'attached' });
    expect(await isDrawn(page.locator('canvas').first())).toBe(true);
    await page.getByAltText('Grid of story after 256 images').waitFor();
    await expect.poll(() => loadedPictures(page)).toBeGreaterThan(0);
    await screenshot(stage, page, '10-compare');
    const save = async (button: string, item: string): Promise<Buffer> =>
      readFileSync(
        await stage.save(page, async () => {
          await page.getByRole('button', { name: button, exact: true }).click();
          await page.getByRole('menuitem', { name: item, exact: true }).click();
        }),
      );
    expect((await sharp(await save('Table and files of Loss', 'Save as PNG')).metadata()).width).toBe(2 * 960);
    const lines = (await save('Export', 'Save every tick as CSV')).toString('utf8').split('\r\n');
    expect(lines[0]).toMatch(/^run,name,nimg,/);
    expect(lines.some((line) => /^\d+,story,256,/.test(line))).toBe(true);
    expect((await save('Export', 'Save as HTML')).toString('utf8')).toContain('<figcaption>');
  });

  chapter('an average of another length is made in the EMA lab, kept, and found on the Generate page', async () => {
    const pictures = (length: string): Locator =>
      page.getByRole('group', { name: `Pictures of σ_rel ${length} at 256 images` });
    await visit('EMA lab');
    await pictures('0.1').waitFor(LONG); // what the run's own grids show
    await page.getByRole('slider', { name: /EMA length/ }).focus();
    await page.keyboard.press('PageDown');
    await pictures('0.05').waitFor(LONG);
    await page.getByLabel('EMA length', { exact: true }).fill('0.07');
    await pictures('0.07').waitFor(LONG);
    await expect.poll(() => loadedPictures(page)).toBeGreaterThan(15);
    expect(await isDrawn(page.locator('canvas').first())).toBe(true);
    await page.getByText('Factors', { exact: true }).click();
    expect(await page.getByRole('region', { name: 'Factors of the stored averages' }).getByRole('row').count()).toBe(5);
    await screenshot(stage, page, '11-ema-lab');

    await page.getByRole('button', { name: 'Keep…' }).click();
    await page.getByLabel('Name', { exact: true }).fill('between');
    await page.getByRole('button', { name: 'Keep', exact: true }).click();
    await page.getByRole('link', { name: 'Generate with it: between' }).click(LONG);
    await page.getByRole('heading', { name: 'Generate' }).waitFor();
    await expect
      .poll(() => page.locator('option:checked').allTextContents())
      .toContainEqual(expect.stringMatching('between'));
    await screenshot(stage, page, '12-generate-kept');
  });

  chapter('after a restart everything is still there', async () => {
    await stage.close();
    page = await stage.open();
    await visit('Runs');
    await see('story');
    await see(/finished/i);
    await page.getByRole('link', { name: 'story' }).first().click();
    await expect.poll(() => isDrawn(page.locator('canvas').first()), LONG).toBe(true);
    await visit('Data');
    await see('shapes');
    await visit('Generate');
    await expect.poll(() => loadedPictures(page)).toBeGreaterThan(3);
  });

  chapter('in little room nothing lies over anything else, and what matters stays in sight', async () => {
    const box = async (element: Locator) => (await element.boundingBox())!;
    const usual = page.viewportSize() ?? { width: 1280, height: 800 };
    await page.evaluate(() => (window.location.hash = '#/runs/2/overview'));
    await page.getByTitle('Rename').click();
    await page.getByLabel('Name of the run').fill('a name as long as they may be '.repeat(4).slice(0, 100));
    await see('100 letters are the most.');
    await page.keyboard.press('Enter');
    await page.getByTitle('Rename').waitFor();
    await page.setViewportSize({ width: 1024, height: 800 });
    const state = await box(page.getByText(/^Finished/).first());
    expect(state.width).toBeGreaterThan(100);
    const column = page.getByRole('region', { name: 'Newest sample grid' });
    expect((await box(column.getByRole('img'))).width).toBeCloseTo((await box(column)).width, 0);
    await screenshot(stage, page, '14-long-name');

    await page.setViewportSize({ width: 960, height: 640 }); // 1440 px at 150 %
    const loss = page.locator('figure', { has: page.getByRole('heading', { name: 'Loss' }) });
    const [smoothing, switches] = [await box(loss.locator('.smoothing output')), await box(loss.locator('.switches'))];
    expect(smoothing.x + smoothing.width).toBeLessThanOrEqual(switches.x);

    await visit('Runs');
    await page.getByLabel('Choose all').click();
    await page.getByRole('button', { name: 'Tags' }).click();
    await page.getByLabel('Tags', { exact: true }).fill('paper figure-three ablation keeper');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    for (const width of [960, 1024, 1280, 1440, 1920]) {
      await page.setViewportSize({ width, height: 800 });
      const cut = await page.locator('.tag').evaluateAll(
        (tags) =>
          tags.filter((tag) => {
            const [own, room] = [tag.getBoundingClientRect(), tag.parentElement!.getBoundingClientRect()];
            const inSight = own.width > 0 && own.top < room.bottom;
            return inSight && own.right > room.right + 1;
          }).length,
      );
      expect(cut, `${width} px`).toBe(0);
    }
    await page.setViewportSize(usual);
  });

  chapter('every page stands in the dark, too', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    for (const place of everywhere) {
      await page.evaluate((hash) => (window.location.hash = hash), `#${place}`);
      await page.waitForTimeout(600); // the same
      await screenshot(stage, page, `13-dark${place.replaceAll(/[/?=,&]/g, '-')}`);
    }
  });

  test('nothing failed on the way: no error of the page, no breach of its content policy', () => {
    expect(stage.complaints).toEqual([]);
  });
}

/** Fills a field, unfolding its group; null: it is always in sight. */
async function fill(page: Page, group: string | null, label: string, value: string): Promise<void> {
  const field = { name: new RegExp(`^${label}`) }; // the paper's name may follow
  if (group === null) return page.getByRole('textbox', field).fill(value);
  const details = page.locator('details', { has: page.locator('summary', { hasText: group }) });
  if ((await details.getAttribute('open')) === null) await details.locator('summary').click();
  await details.getByRole('textbox', field).fill(value);
}

/** How many pictures of the library the page shows that have arrived. */
function loadedPictures(page: Page): Promise<number> {
  return page
    .locator('img[src*="/files/"]')
    .evaluateAll((images) => images.filter((image) => (image as HTMLImageElement).naturalWidth > 0).length);
}

/** Whether anything is painted on a canvas. */
async function isDrawn(canvas: Locator): Promise<boolean> {
  await canvas.waitFor();
  return canvas.evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement;
    const pixels = (element as HTMLCanvasElement).getContext('2d')?.getImageData(0, 0, width, height).data;
    return pixels?.some((value) => value !== 0) ?? false;
  });
}
