import { NoiseDensity } from '../../contract/noise-density.ts';
import { SigmaRel } from '../../contract/training.ts';
import { readable, toId } from './address-parts.ts';
import { compareAddress, toComparison, type Comparison } from './compare-address.ts';
import { newStep, renameStep } from './dialog-steps.ts';
import { termNamed, type TermId } from './words/terms.ts';

/** The tabs of a run's page, in order. */
export const runTabs = ['overview', 'dynamics', 'noise', 'samples', 'snapshots', 'system', 'log', 'config'] as const;
export type RunTab = (typeof runTabs)[number];

/** How the table of runs is looked at, in the words of `contract/run-filter.ts` and `run-table.ts`; what is absent is as usual. */
export interface RunsView {
  readonly filter?: string;
  readonly sort?: string;
  readonly columns?: string;
  /** A field whose values part the rows. */
  readonly group?: string;
  /** The first row in sight, from 0. */
  readonly row?: number;
}

/** A place in the app, as the address after `#` says it. */
export type Route =
  | { page: 'runs'; trash: boolean; view?: RunsView }
  | { page: 'run'; id: number; tab: RunTab }
  | ({ page: 'compare' } & Comparison)
  /** `name`: an ablation, by the tag of its runs; null: a new one. */
  | { page: 'ablation'; name: string | null }
  /** `from`: a run whose settings the form starts with; `noise`: noise levels that take the place of the run's. */
  | { page: 'new'; dataset: number | null; from?: number | null; noise?: NoiseDensity | null }
  | { page: 'data'; id: number | null }
  /** `at`: training images of the average; `sigma`: its length σ_rel. */
  | { page: 'ema-lab'; run: number | null; at: number | null; sigma: number | null }
  /** `reconstruction`: a kept average that is to draw. */
  | { page: 'generate'; snapshot: number | null; sample: number | null; reconstruction: number | null }
  | { page: 'settings' }
  | { page: 'about' }
  /** `at`: the word that is looked for. */
  | { page: 'words'; at: TermId | null }
  | { page: 'missing'; path: string };

/** Reads `#/runs/12/overview` and the like; an address that names nothing becomes the route 'missing'. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page = '', first, second, ...rest] = path.split('/').filter((part) => part !== '');
  const search = new URLSearchParams(query);
  const id = toId(first);
  const missing: Route = { page: 'missing', path: `/${path}` };
  if (rest.length > 0) return missing;
  switch (page) {
    case '':
      return { page: 'runs', trash: false };
    case 'runs': {
      if (first === undefined) {
        const view = toRunsView(search);
        return { page: 'runs', trash: search.has('trash'), ...(Object.keys(view).length > 0 ? { view } : {}) };
      }
      const tab = runTabs.find((candidate) => candidate === (second ?? 'overview'));
      return id === null || tab === undefined ? missing : { page: 'run', id, tab };
    }
    case 'compare':
      return { page: 'compare', ...toComparison(search) };
    case 'ablation':
      return second !== undefined ? missing : { page: 'ablation', name: toName(first) };
    case 'new':
      return {
        page: 'new',
        dataset: toId(search.get('dataset')),
        from: toId(search.get('from')),
        noise: toNoise(search),
      };
    case 'data':
      return first !== undefined && id === null ? missing : { page: 'data', id };
    case 'generate':
      return {
        page: 'generate',
        snapshot: toId(search.get('snapshot')),
        sample: toId(search.get('sample')),
        reconstruction: toId(search.get('reconstruction')),
      };
    case 'ema-lab':
      return {
        page: 'ema-lab',
        run: toId(search.get('run')),
        at: toId(search.get('at')),
        sigma: toSigmaRel(search.get('sigma')),
      };
    case 'settings':
      return { page: 'settings' };
    case 'about':
      return { page: 'about' };
    case 'words':
      return { page: 'words', at: termNamed(search.get('at')) };
    default:
      return missing;
  }
}

/** What a part of an address names; null: nothing. */
function toName(part: string | undefined): string | null {
  try {
    return part === undefined ? null : decodeURIComponent(part);
  } catch {
    return null; // a lone "%"
  }
}

/** The address of a place, for links: the inverse of `parseRoute`. */
export function href(route: Route): string {
  switch (route.page) {
    case 'runs':
      return runsAddress(route.trash, route.view ?? {});
    case 'run':
      return `#/runs/${route.id}/${route.tab}`;
    case 'compare':
      return compareAddress(route);
    case 'ablation':
      return route.name === null ? '#/ablation' : `#/ablation/${encodeURIComponent(route.name)}`;
    case 'new':
      if (route.from) return withQuery('#/new', { from: route.from, ...route.noise });
      return route.dataset === null ? '#/new' : `#/new?dataset=${route.dataset}`;
    case 'data':
      return route.id === null ? '#/data' : `#/data/${route.id}`;
    case 'generate':
      return withQuery('#/generate', {
        snapshot: route.snapshot,
        sample: route.sample,
        reconstruction: route.reconstruction,
      });
    case 'ema-lab':
      return withQuery('#/ema-lab', { run: route.run, at: route.at, sigma: route.sigma });
    case 'settings':
      return '#/settings';
    case 'about':
      return '#/about';
    case 'words':
      return withQuery('#/words', { at: route.at });
    case 'missing':
      return `#${route.path}`;
  }
}

/** An address with what is known of its query. */
function withQuery(path: string, values: Record<string, number | string | null>): string {
  const known = Object.entries(values).filter(([, value]) => value !== null);
  return known.length > 0 ? `${path}?${known.map(([name, value]) => `${name}=${value}`).join('&')}` : path;
}

const viewTexts = ['filter', 'sort', 'columns', 'group'] as const;

function toRunsView(search: URLSearchParams): RunsView {
  const texts = viewTexts.map((name) => [name, search.get(name) ?? ''] as const).filter(([, text]) => text !== '');
  const row = toId(search.get('row'));
  return { ...Object.fromEntries(texts), ...(row === null ? {} : { row }) };
}

function runsAddress(trash: boolean, view: RunsView): string {
  const parts = trash ? ['trash'] : [];
  for (const name of viewTexts) {
    if (view[name]) parts.push(`${name}=${readable(view[name])}`);
  }
  if (view.row) parts.push(`row=${view.row}`);
  return parts.length > 0 ? `#/runs?${parts.join('&')}` : '#/runs';
}

function toSigmaRel(text: string | null): number | null {
  const value = text === null ? null : SigmaRel.safeParse(Number(text));
  return value?.success ? value.data : null;
}

function toNoise(search: URLSearchParams): NoiseDensity | null {
  const [pMean, pStd] = [search.get('pMean'), search.get('pStd')];
  if (pMean === null || pStd === null) return null;
  return NoiseDensity.safeParse({ pMean: Number(pMean), pStd: Number(pStd) }).data ?? null;
}

class Router {
  route: Route = $state.raw(parseRoute(window.location.hash));

  constructor() {
    window.addEventListener('hashchange', () => {
      this.route = parseRoute(window.location.hash);
    });
  }

  /** Goes to a place; `replace` leaves no step for the back button (a changed filter, a chosen tab). */
  go(route: Route, options: { replace?: boolean } = {}): void {
    if (options.replace) renameStep(href(route));
    else newStep(href(route));
    this.route = route;
  }
}

export const router = new Router();
