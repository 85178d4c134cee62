import { DynamicsKind, dynamicsKinds } from '../../../contract/dynamics.ts';
import { measuredScalars, tickScalars, type TickScalarName } from '../../../contract/ticks.ts';
import type { TermId } from '../../lib/words/terms.ts';

/** Curves of something that each tick records, or of a row of something that is recorded of several. */
export type Curves =
  | { readonly scalar: TickScalarName }
  /** `row` null: the one that says most (`usualRow`). */
  | { readonly kind: DynamicsKind; readonly row: string | null };

/** All rows of a kind over time, a map a run. */
export interface Maps {
  readonly map: DynamicsKind;
}

/** All rows of a kind over time, as ratio of two runs. */
export interface Ratio {
  readonly ratio: DynamicsKind;
  /** Ids of the run that is divided and of the one that it is divided by; null: the second by the first. */
  readonly of: { readonly over: number; readonly under: number } | null;
}

/** The error over noise levels at the clock's moment. */
export interface Noise {
  readonly noise: true;
}
/** How addresses write it. */
const NOISE = 'noise';

/** What a panel draws. */
export type Panel = Curves | Maps | Ratio | Noise;

/** What is seen where the address names no panels. @param validates any of the runs measured its validation error */
export function usualPanels(validates: boolean): readonly string[] {
  return ['loss', ...(validates ? ['validation'] : []), 'learningRate', 'imagesPerSecond'];
}

/**
 * All that can be added, as addresses write it: scalars; maps of what the paper is about, and noise levels; then groups of
 * kinds that have the same rows.
 */
export const panelGroups: readonly (readonly string[])[] = [
  measuredScalars,
  ['map:activation', 'map:weight', 'map:relative-update', NOISE],
  ...[...new Set(DynamicsKind.options.map((kind) => dynamicsKinds[kind].of))].map((rows) =>
    DynamicsKind.options.filter((kind) => dynamicsKinds[kind].of === rows),
  ),
];

/** Reads a panel of an address ("loss", "activation-max", "activation-max:Dec 16×16", "map:weight"); null: there is none such. */
export function readPanel(text: string): Panel | null {
  const scalar = measuredScalars.find((name) => name === text);
  if (scalar !== undefined) return { scalar };
  if (text === NOISE) return { noise: true };
  const [name, rest] = split(text);
  if (name === 'map') return readMap(rest ?? '');
  const kind = DynamicsKind.options.find((option) => option === name);
  return kind === undefined ? null : { kind, row: rest };
}

/** "weight", "weight:ratio" or "weight:ratio:7/4". */
function readMap(text: string): Maps | Ratio | null {
  const [, name, ratio, over, under] = /^([^:]+)(:ratio(?::([1-9]\d{0,14})\/([1-9]\d{0,14}))?)?$/.exec(text) ?? [];
  const kind = DynamicsKind.options.find((option) => option === name);
  if (kind === undefined) return null;
  if (ratio === undefined) return { map: kind };
  return { ratio: kind, of: over === undefined ? null : { over: Number(over), under: Number(under) } };
}

/** The inverse of `readPanel`. */
export function panelText(panel: Panel): string {
  if ('scalar' in panel) return panel.scalar;
  if ('noise' in panel) return NOISE;
  if ('map' in panel) return `map:${panel.map}`;
  if ('ratio' in panel) return `map:${panel.ratio}:ratio${panel.of ? `:${panel.of.over}/${panel.of.under}` : ''}`;
  return panel.row === null ? panel.kind : `${panel.kind}:${panel.row}`;
}

export function panelTitle(panel: Panel): string {
  if ('scalar' in panel) return tickScalars[panel.scalar].title;
  if ('noise' in panel) return 'Noise levels at the clock';
  const { title } = dynamicsKinds[kindOf(panel)];
  if ('map' in panel) return `${title}, maps`;
  return 'ratio' in panel ? `${title}, ratio` : title;
}

function kindOf(panel: Exclude<Panel, { readonly scalar: TickScalarName } | Noise>): DynamicsKind {
  if ('map' in panel) return panel.map;
  return 'ratio' in panel ? panel.ratio : panel.kind;
}

/** How a kind can be drawn. */
export const panelForms = { curves: 'Curves of a row', maps: 'Maps of all rows', ratio: 'Ratio of two runs' } as const;
export type PanelForm = keyof typeof panelForms;

/** How a panel draws its kind; null: there is one way only. */
export function panelForm(panel: Panel): PanelForm | null {
  if ('scalar' in panel || 'noise' in panel) return null;
  if ('map' in panel) return 'maps';
  return 'ratio' in panel ? 'ratio' : 'curves';
}

/** The same kind drawn in another form. */
export function panelIn(form: PanelForm, panel: Panel): Panel {
  if ('scalar' in panel || 'noise' in panel) return panel;
  const kind = kindOf(panel);
  switch (form) {
    case 'curves':
      return { kind, row: null };
    case 'maps':
      return { map: kind };
    case 'ratio':
      return { ratio: kind, of: null };
  }
}

/** What explains the title, where something does. */
export function panelTerm(panel: Panel): TermId | undefined {
  if ('scalar' in panel) return scalarTerms[panel.scalar];
  if ('noise' in panel) return 'weighted-error';
  const { of } = dynamicsKinds[kindOf(panel)];
  return of === 'bucket' || of === 'validation' ? of : undefined;
}
const scalarTerms: Readonly<Partial<Record<TickScalarName, TermId>>> = {
  loss: 'loss',
  weightedError: 'weighted-error',
};

/** Names of rows may have colons. */
function split(text: string): [name: string, row: string | null] {
  const at = text.indexOf(':');
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}
