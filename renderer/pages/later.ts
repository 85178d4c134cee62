/** The pages whose scripts come by themselves: the app starts with the runs, and waits for no chart that they don't have. */
export const later = {
  ablation: () => import('./ablation/Ablation.svelte'),
  about: () => import('./about/About.svelte'),
  compare: () => import('./compare/Compare.svelte'),
  data: () => import('./data/Data.svelte'),
  emaLab: () => import('./ema-lab/EmaLab.svelte'),
  generate: () => import('./generate/Generate.svelte'),
  newRun: () => import('./new-run/NewRun.svelte'),
  run: () => import('./run/Run.svelte'),
  settings: () => import('./settings/Settings.svelte'),
  words: () => import('./words/Words.svelte'),
} as const;

/** Reads them all while nothing else is to do: then none has to be waited for, and none is gone when the app is updated. */
export function readAhead(): void {
  // Who goes to one that could not be read is told there.
  for (const load of Object.values(later)) load().catch(() => undefined);
}
