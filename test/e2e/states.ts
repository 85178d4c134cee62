import type { Page } from 'playwright-core';

/** A state of the app, on the library of `fillLibrary`, that one can look at. */
export interface PageState {
  readonly name: string;
  /** Address after `#`. */
  readonly at: string;
  /** What is done there until the state is reached. */
  readonly make?: (page: Page) => Promise<void>;
}

const press =
  (name: string | RegExp, role: 'button' | 'menuitem' = 'button') =>
  (page: Page): Promise<void> =>
    page
      .getByRole(role, { name, exact: typeof name === 'string' })
      .first()
      .click();

const keys =
  (...pressed: string[]) =>
  async (page: Page): Promise<void> => {
    for (const key of pressed) await page.keyboard.press(key);
  };

const after =
  (...steps: ((page: Page) => Promise<void>)[]) =>
  async (page: Page): Promise<void> => {
    for (const step of steps) await step(page);
  };

const chosen =
  (...runs: string[]) =>
  async (page: Page): Promise<void> => {
    for (const run of runs) await page.getByLabel(`Choose ${run}`, { exact: true }).check();
  };

const filtered = (text: string) => (page: Page) => page.getByRole('combobox', { name: 'Filter' }).fill(text);

const fromMenu = (item: string): ((page: Page) => Promise<void>) =>
  after(press('More actions'), press(item, 'menuitem'));

/** Keeps what Compare shows as a view. */
const saved = (name: string) => async (page: Page) => {
  await after(press('Views'), press('Save view…', 'menuitem'))(page);
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
  await press(/^(?:Save|Replace)$/)(page);
  await page.getByRole('dialog').waitFor({ state: 'detached' });
};

const unfolded = (page: Page): Promise<void> =>
  page.locator('details:not([open]) > summary').evaluateAll((all) => {
    for (const summary of all) (summary as HTMLElement).click();
  });

const table = after(press('Table and files of Loss'), press('Show as table', 'menuitem'));

/** Every page, tab and dialog. */
export const everyState: readonly PageState[] = [
  { name: 'runs', at: '/runs' },
  { name: 'runs, two chosen', at: '/runs', make: chosen('finished', 'stopped') },
  { name: 'runs, searched in vain', at: '/runs', make: filtered('nothing so named') },
  { name: 'runs, a filter that makes no sense', at: '/runs', make: filtered('state:failed rungg:C') },
  { name: 'runs, a filter completed', at: '/runs', make: filtered('sta') },
  { name: 'runs, grouped and sorted', at: '/runs?group=state&sort=-loss' },
  {
    name: 'runs, many columns',
    at: '/runs?columns=name,state,rung,lr,batch,seed,precision,loss,error,time,memory,notes,tag',
  },
  { name: 'columns', at: '/runs', make: press('Columns') },
  { name: 'notes', at: '/runs', make: after(chosen('finished'), press('Notes')) },
  { name: 'tags', at: '/runs', make: after(chosen('finished', 'stopped'), press('Tags')) },
  { name: 'trash, empty', at: '/runs?trash' },
  { name: 'run: overview', at: '/runs/1/overview' },
  { name: 'run: a chart as a table', at: '/runs/1/overview', make: table },
  { name: 'run: a word explained', at: '/runs/1/overview', make: press('Loss') },
  { name: 'run: its menu', at: '/runs/1/overview', make: press('More actions') },
  { name: 'run: renaming', at: '/runs/1/overview', make: (page) => page.getByTitle('Rename').click() },
  { name: 'run: dynamics', at: '/runs/1/dynamics' },
  { name: 'run: dynamics, zoomed', at: '/runs/1/dynamics', make: keys('+', '+') },
  { name: 'run: overview, zoomed', at: '/runs/1/overview', make: keys('+') },
  {
    name: 'run: pinned layers',
    at: '/runs/1/dynamics',
    make: after(
      (page) => page.getByRole('application').first().focus(),
      keys('ArrowDown', 'Enter', 'ArrowDown', 'Enter'),
    ),
  },
  {
    name: 'run: dynamics as a table',
    at: '/runs/1/dynamics',
    make: (page) => page.getByRole('radiogroup', { name: 'View' }).getByText('Table').click(),
  },
  { name: 'run: noise levels', at: '/runs/1/noise' },
  {
    name: 'run: noise levels as a table',
    at: '/runs/1/noise',
    make: (page) => page.getByRole('radiogroup', { name: 'View' }).getByText('Table').click(),
  },
  { name: 'run: files of a map', at: '/runs/1/noise', make: press(/^Files of/) },
  { name: 'run: samples', at: '/runs/1/samples' },
  { name: 'run: a picture', at: '/runs/1/samples', make: press(/^seed 0/) },
  { name: 'run: snapshots', at: '/runs/1/snapshots' },
  { name: 'run: system', at: '/runs/1/system' },
  { name: 'run: log', at: '/runs/1/log' },
  { name: 'run: config', at: '/runs/1/config' },
  { name: 'run: continue', at: '/runs/1/overview', make: fromMenu('Continue to…') },
  { name: 'run: paused', at: '/runs/3/overview' },
  { name: 'run: stop', at: '/runs/3/overview', make: fromMenu('Stop…') },
  { name: 'run: micro-batches', at: '/runs/3/overview', make: fromMenu('Resume in other micro-batches…') },
  { name: 'run: devices', at: '/runs/3/overview', make: fromMenu('Resume on other devices…') },
  { name: 'run that is not there', at: '/runs/99/overview' },
  { name: 'ablation', at: '/ablation', make: unfolded },
  {
    name: 'ablation, what makes no sense',
    at: '/ablation',
    make: (page) => page.getByRole('textbox', { name: 'Other settings' }).fill('learnRate=1'),
  },
  { name: 'ablation: its board', at: '/ablation/steps' },
  { name: 'ablation: none of that name', at: '/ablation/gone' },
  { name: 'compare, nothing chosen', at: '/compare' },
  { name: 'compare', at: '/compare?runs=1,2' },
  {
    name: 'compare, other panels',
    at: '/compare?runs=1,2&panel=validation&panel=activation-max&panel=gain&panel=colour',
  },
  {
    name: 'compare: maps, ratio and noise levels',
    at: '/compare?runs=1,2&panel=map:activation&panel=map:weight:ratio:9/1&panel=noise&wipe=1,2',
    make: after((page) => page.getByRole('application').first().focus(), keys('ArrowDown', 'Enter')),
  },
  {
    name: 'compare, runs searched, one deleted',
    at: '/compare?runs=1,2,99',
    make: async (page) => {
      await unfolded(page);
      await filtered('state:fin rungg:C')(page);
    },
  },
  { name: 'compare, grouped over time', at: '/compare?runs=1,2&x=time&group=dataset&range=3-x&q=fin' },
  {
    name: 'compare: save a view',
    at: '/compare?runs=1,2',
    make: after(press('Views'), press('Save view…', 'menuitem')),
  },
  {
    name: 'compare: a view is deleted',
    at: '/compare?runs=1,2',
    make: after(saved('first'), press('Views'), press('Rename and delete…', 'menuitem'), press('Delete first')),
  },
  { name: 'compare, zoomed, one hidden', at: '/compare?runs=1,2&hide=2', make: keys('+', '+') },
  { name: 'compare: all panels', at: '/compare?runs=1,2', make: press('Add a panel') },
  { name: 'compare: export', at: '/compare?runs=1,2', make: press('Export') },
  { name: 'new run', at: '/new', make: unfolded },
  { name: 'new run: noise levels', at: '/new?from=1&pMean=-0.5&pStd=1.1' },
  { name: 'new run: a machine', at: '/new', make: after(unfolded, press('Add a machine…')) },
  { name: 'data', at: '/data' },
  { name: 'data: a set', at: '/data/2', make: unfolded },
  { name: 'data: a picture', at: '/data/2', make: press(/^Picture 0/) },
  { name: 'data: delete', at: '/data/2', make: press('Delete this set') },
  { name: 'data: import', at: '/data', make: press('Import pictures') },
  { name: 'EMA lab', at: '/ema-lab?run=1&sigma=0.07', make: unfolded },
  { name: 'EMA lab: keep', at: '/ema-lab?run=1&sigma=0.08', make: press('Keep…') },
  { name: 'EMA lab: run without snapshots', at: '/ema-lab?run=3' },
  { name: 'generate', at: '/generate?sample=3', make: unfolded },
  { name: 'generate: a picture', at: '/generate?sample=3', make: press(/^seed 0/) },
  { name: 'generate: delete', at: '/generate?sample=3', make: press('Delete this sheet') },
  { name: 'settings', at: '/settings', make: unfolded },
  { name: 'words', at: '/words' },
  { name: 'a word', at: '/words?at=magnitude' },
  { name: 'about', at: '/about' },
  { name: 'nowhere', at: '/nowhere' },
  { name: 'find', at: '/runs', make: keys('Control+k') },
  { name: 'keys', at: '/runs', make: keys('?') },
];

/** Goes to a state, of which nothing before is left, and waits until it is there. */
export async function visit(page: Page, origin: string, { at, make }: PageState): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`${origin}/#${at}`);
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.waitForLoadState('networkidle');
  await make?.(page);
}
