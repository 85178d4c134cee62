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

/** What a panel draws. */
export type Panel = Curves | Maps;

/** What is seen where the address names no panels. @param validates any of the runs measured its validation error */
export function usualPanels(validates: boolean): readonly string[] {
  return ['loss', ...(validates ? ['validation'] : []), 'learningRate', 'imagesPerSecond'];
}

/** All that can be added, as addresses write it: scalars, maps of what the paper is about, then groups of kinds that have the same rows. */
export const panelGroups: readonly (readonly string[])[] = [
  measuredScalars,
  ['map:activation', 'map:weight', 'map:relative-update'],
  ...[...new Set(DynamicsKind.options.map((kind) => dynamicsKinds[kind].of))].map((rows) =>
    DynamicsKind.options.filter((kind) => dynamicsKinds[kind].of === rows),
  ),
];

/** Reads a panel of an address ("loss", "activation-max", "activation-max:Dec 16×16", "map:weight"); null: there is none such. */
export function readPanel(text: string): Panel | null {
  const scalar = measuredScalars.find((name) => name === text);
  if (scalar !== undefined) return { scalar };
  const [name, rest] = split(text);
  if (name === 'map') {
    const map = DynamicsKind.options.find((option) => option === rest);
    return map === undefined ? null : { map };
  }
  const kind = DynamicsKind.options.find((option) => option === name);
  return kind === undefined ? null : { kind, row: rest };
}

/** The inverse of `readPanel`. */
export function panelText(panel: Panel): string {
  if ('scalar' in panel) return panel.scalar;
  if ('map' in panel) return `map:${panel.map}`;
  return panel.row === null ? panel.kind : `${panel.kind}:${panel.row}`;
}

export function panelTitle(panel: Panel): string {
  if ('scalar' in panel) return tickScalars[panel.scalar].title;
  return 'map' in panel ? `${dynamicsKinds[panel.map].title}, maps` : dynamicsKinds[panel.kind].title;
}

/** How a kind can be drawn. */
export const panelForms = { curves: 'Curves of a row', maps: 'Maps of all rows' } as const;
export type PanelForm = keyof typeof panelForms;

/** How a panel draws its kind; null: there is one way only. */
export function panelForm(panel: Panel): PanelForm | null {
  if ('scalar' in panel) return null;
  return 'map' in panel ? 'maps' : 'curves';
}

/** The same kind drawn in another form. */
export function panelIn(form: PanelForm, panel: Panel): Panel {
  if ('scalar' in panel) return panel;
  const kind = 'map' in panel ? panel.map : panel.kind;
  switch (form) {
    case 'curves':
      return { kind, row: null };
    case 'maps':
      return { map: kind };
  }
}

/** What explains the title, where something does. */
export function panelTerm(panel: Panel): TermId | undefined {
  if ('scalar' in panel) return scalarTerms[panel.scalar];
  const { of } = dynamicsKinds['map' in panel ? panel.map : panel.kind];
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
