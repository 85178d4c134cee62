import { readable, toIds } from './address-parts.ts';

/** What the Compare page shows, as its address has it: `#/compare?runs=2,3&panel=loss&x=steps`. */
export interface Comparison {
  readonly runs: readonly number[];
  /** What is drawn, in the words of `pages/compare/panels.ts`; absent: the usual. */
  readonly panels?: readonly string[];
  /** How it is looked at; absent: as usual. */
  readonly look?: CompareLook;
}

/** Texts that `pages/compare/look.ts` reads, none empty. */
export type CompareLook = Readonly<Partial<Record<LookName, string>>>;

/**
 * `x`: what x counts. `range`: what is zoomed into. `group`: a field whose values part the runs. `hide`: chosen
 * runs that are not drawn. `wipe`: two grids, one over the other. `q`: the filter of the list of runs.
 */
const lookNames = ['x', 'range', 'group', 'hide', 'wipe', 'q'] as const;
export type LookName = (typeof lookNames)[number];

/** An address that takes all panels away says so. */
const NO_PANELS = 'none';

export function toComparison(search: URLSearchParams): Comparison {
  const panels = search.getAll('panel');
  const look = Object.fromEntries(lookNames.map((name) => [name, search.get(name) ?? '']));
  return comparison(
    toIds(search.get('runs')),
    panels.length === 0 ? undefined : [...new Set(panels)].filter((text) => text !== NO_PANELS),
    look,
  );
}

/** @param look may have empty texts, which are as absent ones */
export function comparison(
  runs: readonly number[],
  panels: readonly string[] | undefined,
  look: CompareLook,
): Comparison {
  const said = Object.fromEntries(Object.entries(look).filter(([, text]) => text !== ''));
  return { runs, ...(panels && { panels }), ...(Object.keys(said).length > 0 ? { look: said } : {}) };
}

/** The inverse of `toComparison`, as an address. */
export function compareAddress({ runs, panels, look = {} }: Comparison): string {
  const parts = runs.length > 0 ? [`runs=${runs.join(',')}`] : [];
  for (const panel of panels?.length === 0 ? [NO_PANELS] : (panels ?? [])) parts.push(`panel=${readable(panel)}`);
  for (const name of lookNames) if (look[name]) parts.push(`${name}=${readable(look[name])}`);
  return parts.length > 0 ? `#/compare?${parts.join('&')}` : '#/compare';
}
