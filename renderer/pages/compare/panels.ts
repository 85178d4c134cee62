import { DynamicsKind, dynamicsKinds } from '../../../contract/dynamics.ts';
import { measuredScalars, tickScalars, type TickScalarName } from '../../../contract/ticks.ts';
import type { TermId } from '../../lib/words/terms.ts';

/** What a panel draws: something that each tick records, or a row of something that is recorded of several. */
export type Panel =
  | { readonly scalar: TickScalarName }
  /** `row` null: the one that says most (`usualRow`). */
  | { readonly kind: DynamicsKind; readonly row: string | null };

/** What is seen where the address names no panels. @param validates any of the runs measured its validation error */
export function usualPanels(validates: boolean): readonly string[] {
  return ['loss', ...(validates ? ['validation'] : []), 'learningRate', 'imagesPerSecond'];
}

/** All that can be added, as addresses write it: scalars, then groups of kinds that have the same rows. */
export const panelGroups: readonly (readonly string[])[] = [
  measuredScalars,
  ...[...new Set(DynamicsKind.options.map((kind) => dynamicsKinds[kind].of))].map((rows) =>
    DynamicsKind.options.filter((kind) => dynamicsKinds[kind].of === rows),
  ),
];

/** Reads a panel of an address ("loss", "activation-max", "activation-max:Dec 16×16"); null: there is none such. */
export function readPanel(text: string): Panel | null {
  const scalar = measuredScalars.find((name) => name === text);
  if (scalar !== undefined) return { scalar };
  const [name, row] = split(text);
  const kind = DynamicsKind.options.find((option) => option === name);
  return kind === undefined ? null : { kind, row };
}

/** The inverse of `readPanel`. */
export function panelText(panel: Panel): string {
  if ('scalar' in panel) return panel.scalar;
  return panel.row === null ? panel.kind : `${panel.kind}:${panel.row}`;
}

export function panelTitle(panel: Panel): string {
  return 'scalar' in panel ? tickScalars[panel.scalar].title : dynamicsKinds[panel.kind].title;
}

/** What explains the title, where something does. */
export function panelTerm(panel: Panel): TermId | undefined {
  if ('scalar' in panel) return scalarTerms[panel.scalar];
  const { of } = dynamicsKinds[panel.kind];
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
