import { dynamicsKinds, type DynamicsKind, type DynamicsTable } from '../../../contract/dynamics.ts';

/** How a kind's numbers changed: what the map's colours say, and which row left first. */

/** Kinds of rows with a name of their own; those of noise levels are no rows of the network. */
export const mappedKinds = (Object.keys(dynamicsKinds) as DynamicsKind[]).filter(
  (kind) => dynamicsKinds[kind].of !== 'noise level',
);

/** Counts, shares and signed numbers, which have no ratio worth a look. */
const WITHOUT_RATIO: readonly DynamicsKind[] = ['non-finite', 'clipped', 'gain', 'entropy'];
export const hasRatio = (kind: DynamicsKind): boolean => !WITHOUT_RATIO.includes(kind);

/** A row has left where it began from this factor on, up or down. */
export const LEFT = 1.5;

/**
 * Ratios to where each row began (its first number that is not 0); of activations to 1, which is what they are to be.
 * null where there is no number, or none to compare it with.
 */
export function ratios({ kind, values }: DynamicsTable): (number | null)[][] {
  return values.map((line) => {
    const began = kind === 'activation' ? 1 : (line.find((value) => value !== null && value !== 0) ?? null);
    return line.map((value) => (value === null || began === null ? null : value / began));
  });
}

/** The ends of a symmetric scale that holds all but the most extreme 2 % of what is to be seen: one cell costs no colours. */
export function robustRange(values: readonly (readonly (number | null)[])[]): { min: number; max: number } {
  const sizes = values
    .flat()
    .filter((value): value is number => value !== null && value > 0)
    .map((value) => Math.abs(Math.log2(value)))
    .sort((a, b) => a - b);
  const reach = sizes[Math.floor(0.98 * (sizes.length - 1))] ?? 0;
  return { min: 2 ** -reach, max: 2 ** reach };
}

/** The row that left where it began first, and stays away to the end, with the moment; null: none does. */
export function firstToLeave(table: DynamicsTable): { layer: string; nimg: number } | null {
  let first: { layer: string; nimg: number } | null = null;
  for (const [row, layer] of table.layers.entries()) {
    const line = table.values[row]!;
    const began = line.find((value) => value !== null && value !== 0);
    if (began === undefined || began === null) continue;
    let since: number | null = null;
    for (const [column, value] of line.entries()) {
      if (value === null) continue;
      const ratio = value / began;
      if (ratio < LEFT && ratio > 1 / LEFT) since = null;
      else since ??= table.nimg[column]!;
    }
    if (since !== null && (first === null || since < first.nimg)) first = { layer, nimg: since };
  }
  return first;
}

/** Rows whose names have the words, in the network's order, or those that changed most first. */
export function rowsOf(table: DynamicsTable, words: string, byChange: boolean): DynamicsTable {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = table.layers
    .map((_, row) => row)
    .filter((row) => wanted.every((word) => table.layers[row]!.toLowerCase().includes(word)));
  if (byChange) rows.sort((a, b) => changed(table.values[b]!) - changed(table.values[a]!));
  return {
    ...table,
    layers: rows.map((row) => table.layers[row]!),
    values: rows.map((row) => table.values[row]!),
  };
}

/** How far a row's last number is from its first: by factors, or by the difference where there is none. */
function changed(line: readonly (number | null)[]): number {
  const known = line.filter((value) => value !== null);
  const [began, last] = [known[0] ?? 0, known.at(-1) ?? 0];
  const factor = Math.abs(Math.log2(Math.abs(last / began)));
  return Number.isFinite(factor) ? factor : Math.abs(last - began) * 1e6;
}
