import { expect, test } from 'vitest';
import { href, parseRoute, type Route } from '../../../renderer/lib/router.svelte.ts';

const places: Route[] = [
  { page: 'runs', trash: false },
  { page: 'runs', trash: true },
  { page: 'runs', trash: false, view: { filter: 'rung:C,D lr<0.005 -"a & b" 50%', sort: '-loss,name', row: 40 } },
  { page: 'runs', trash: true, view: { columns: 'name,training.learningRate', group: 'rung' } },
  { page: 'run', id: 12, tab: 'dynamics' },
  { page: 'run', id: 12, tab: 'noise' },
  { page: 'new', dataset: null, from: 12, noise: { pMean: -0.55, pStd: 1.2 } },
  { page: 'new', dataset: null, from: 12, noise: null },
  { page: 'compare', runs: [1, 2] },
  { page: 'compare', runs: [] },
  { page: 'compare', runs: [1], panels: ['loss', 'activation-max:Dec 16×16', 'validation:σ_rel 0.05'] },
  { page: 'compare', runs: [1], panels: [] },
  {
    page: 'compare',
    runs: [1],
    look: { x: 'steps', range: '1000-2000.5', group: 'seed', hide: '2,5', q: 'rung:C or lr<0.005&x' },
  },
  { page: 'data', id: 3 },
  { page: 'data', id: null },
  { page: 'generate', snapshot: 4, sample: 5, reconstruction: null },
  { page: 'generate', snapshot: null, sample: null, reconstruction: 6 },
  { page: 'generate', snapshot: null, sample: null, reconstruction: null },
  { page: 'ema-lab', run: 3, at: 4096, sigma: 0.125 },
  { page: 'ema-lab', run: null, at: null, sigma: null },
  { page: 'settings' },
  { page: 'about' },
  { page: 'words', at: 'sigma-rel' },
  { page: 'words', at: null },
];

test.each(places.map((place) => [href(place), place] as const))(
  '%s leads to the place it was made from',
  (address, place) => {
    expect(parseRoute(address)).toEqual(place);
  },
);

test('an empty address is the list of runs, and a run without a tab its overview', () => {
  expect(parseRoute('')).toEqual({ page: 'runs', trash: false });
  expect(parseRoute('#/runs/12')).toEqual({ page: 'run', id: 12, tab: 'overview' });
});

test.each(['#/nowhere', '#/runs/x', '#/runs/0/overview', '#/runs/1/secrets', '#/runs/1/log/more', '#/data/-1'])(
  '%s names nothing',
  (address) => {
    expect(parseRoute(address).page).toBe('missing');
  },
);

test.each(['0', '0.3', '-0.1', 'x', ''])('σ_rel “%s” in an address is none', (sigma) => {
  expect(parseRoute(`#/ema-lab?run=1&sigma=${sigma}`)).toEqual({ page: 'ema-lab', run: 1, at: null, sigma: null });
});

test.each(['pMean=-0.5', 'pMean=x&pStd=1', 'pMean=-0.5&pStd=0', 'pMean=-11&pStd=1'])(
  '%s in an address are no noise levels',
  (query) => {
    expect(parseRoute(`#/new?from=7&${query}`)).toEqual({ page: 'new', dataset: null, from: 7, noise: null });
  },
);

test('runs to compare are whole numbers, each once', () => {
  expect(parseRoute('#/compare?runs=2,2,x,-1,7')).toEqual({ page: 'compare', runs: [2, 7] });
});
