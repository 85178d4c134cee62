import type { Page } from 'playwright-core';

/** A page, a tab, or what is opened over one, as the story has left them. */
export interface Place {
  name: string;
  /** Behind the `#`. */
  address: string;
  /** What is pressed there. */
  open?: (page: Page) => Promise<void>;
}

const press =
  (name: string | RegExp) =>
  (page: Page): Promise<void> =>
    page.getByRole('button', { name }).first().click();

/** The first picture of a grid, large. */
const firstPicture = (page: Page): Promise<void> => page.locator('main button:has(img)').first().click();

/** Everything that can be folded out. */
const unfold = (page: Page): Promise<void> =>
  page
    .locator('main details:not([open]) > summary')
    .evaluateAll((summaries) => summaries.forEach((summary) => (summary as HTMLElement).click()));

const runTabs = ['overview', 'dynamics', 'samples', 'snapshots', 'system', 'log', 'config'];

export const places: readonly Place[] = [
  { name: 'runs', address: '/runs' },
  { name: 'runs chosen', address: '/runs', open: (page) => page.getByLabel('Choose all').check() },
  { name: 'trash', address: '/runs?trash' },
  ...runTabs.map((tab) => ({ name: `run ${tab}`, address: `/runs/2/${tab}` })),
  {
    name: 'run pinned layers',
    address: '/runs/2/dynamics',
    async open(page) {
      await page.getByRole('application').focus();
      for (const key of ['ArrowDown', 'Enter', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    },
  },
  {
    name: 'run table of layers',
    address: '/runs/2/dynamics',
    open: (page) => page.locator('main').getByText('Table', { exact: true }).click(),
  },
  { name: 'run large picture', address: '/runs/2/samples', open: firstPicture },
  { name: 'run menu', address: '/runs/2/overview', open: press('More actions') },
  { name: 'run continue', address: '/runs/2/overview', open: press('Continue to…') },
  { name: 'compare nothing', address: '/compare' },
  { name: 'compare', address: '/compare?runs=1,2' },
  { name: 'new run', address: '/new', open: unfold },
  { name: 'data', address: '/data' },
  { name: 'data import', address: '/data', open: press('Import pictures') },
  { name: 'data set', address: '/data/2' },
  {
    name: 'data large picture',
    address: '/data/2',
    open: (page) =>
      page
        .getByRole('list', { name: /Pictures of/ })
        .getByRole('button')
        .first()
        .click(),
  },
  { name: 'EMA lab', address: '/ema-lab?run=2&sigma=0.07' },
  { name: 'EMA lab keep', address: '/ema-lab?run=2&sigma=0.06', open: press('Keep…') },
  { name: 'generate', address: '/generate', open: unfold },
  { name: 'generate large picture', address: '/generate', open: firstPicture },
  { name: 'settings', address: '/settings' },
  { name: 'about', address: '/about' },
  { name: 'nowhere', address: '/nowhere' },
  { name: 'find', address: '/about', open: (page) => page.keyboard.press('Control+k') },
  { name: 'keys', address: '/about', open: press('Keys') },
];
