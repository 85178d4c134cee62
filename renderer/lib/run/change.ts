import { dynamicsKinds, type DynamicsKind } from '../../../contract/dynamics.ts';
import type { Cells, DynamicsTable } from '../../../contract/dynamics-table.ts';
import { since, steadied } from '../../../contract/lasting.ts';
import { median } from '../../../contract/median.ts';

/** How a kind's numbers changed: what the map's colours say, and which row left first. */

/** What the colours of a map say: change, how far from 1, or values from low to high. */
export type Colors = 'change' | 'around 1' | 'low to high';

/** Kinds that there is a map of: all. */
export const mappedKinds = Object.keys(dynamicsKinds) as DynamicsKind[];

/** Counts, shares, signed numbers and errors, which have no ratio worth a look. */
const WITHOUT_RATIO: readonly DynamicsKind[] = [
  'non-finite',
  'clipped',
  'gain',
  'entropy',
  'noise-count',
  'noise-loss',
  'noise-u',
  'validation',
  'validation-loss',
];
export const hasRatio = (kind: DynamicsKind): boolean => !WITHOUT_RATIO.includes(kind);

/** A row has left from this factor on, up or down. */
export const LEFT = 1.5;

/** Rows whose ratios all stay so near to 1 have not changed. */
const STILL = 1.01;

/** Whether no ratio is worth a look. */
export function allStill(values: Cells): boolean {
  return values.every((line) => line.every((ratio) => ratio === null || (ratio < STILL && ratio > 1 / STILL)));
}

/** Kinds that follow the learning rate: what counts is how far a layer is from the others. */
const RATES: readonly DynamicsKind[] = ['relative-update', 'update', 'angle'];
const isRate = (kind: DynamicsKind): boolean => RATES.includes(kind);

/** What the ratios of a kind are to, as the end of a sentence. */
export function reference(kind: DynamicsKind): string {
  if (kind === 'activation') return '1, what it is to be';
  return isRate(kind) ? 'the middle row of each moment' : 'where each row began';
}

/**
 * Ratios to where each row began (its first number that is not 0); of activations to 1, which is what they are to be; of
 * what follows the learning rate to the median of all rows at the moment. null where there is no number, or none to
 * compare it with.
 */
export function ratios({ kind, nimg, values }: DynamicsTable): (number | null)[][] {
  if (kind === 'activation') return values.map((line) => [...line]);
  return isRate(kind) ? toMiddle(nimg.length, values) : values.map(toFirst);
}

function toFirst(line: readonly (number | null)[]): (number | null)[] {
  const began = line.find((value) => value !== null && value !== 0) ?? null;
  return line.map((value) => (value === null || began === null ? null : value / began));
}

function toMiddle(columns: number, values: readonly (readonly (number | null)[])[]): (number | null)[][] {
  const middles = Array.from({ length: columns }, (_, column) => {
    const known = values.map((line) => line[column] ?? null).filter((value): value is number => value !== null);
    return known.length === 0 ? 0 : median(known);
  });
  return values.map((line) =>
    line.map((value, column) => (value === null || middles[column] === 0 ? null : value / middles[column]!)),
  );
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

/**
 * The row that left where it began, or the middle of the others, first and stays away to the end, with the moment; null:
 * none does. As in findings, medians of a few moments are looked at, or the last tick would make a row leave.
 */
export function firstToLeave(table: DynamicsTable): { layer: string; nimg: number } | null {
  const lines = isRate(table.kind) ? ratios(table) : table.values.map(toFirst);
  const left = table.layers.flatMap((layer, row) => {
    const trace = steadied({ nimg: table.nimg, values: lines[row]! });
    const nimg = since(trace, (ratio) => ratio >= LEFT || ratio <= 1 / LEFT);
    return nimg === null ? [] : [{ layer, nimg }];
  });
  return left.length === 0 ? null : left.reduce((a, b) => (b.nimg < a.nimg ? b : a));
}

/** Rows whose names have the words, in the network's order, or those that changed most first. */
export function rowsOf(table: DynamicsTable, words: string, byChange: boolean): DynamicsTable {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = table.layers
    .map((_, row) => row)
    .filter((row) => wanted.every((word) => table.layers[row]!.toLowerCase().includes(word)));
  if (byChange) rows.sort((a, b) => changed(table.values[b]!) - changed(table.values[a]!));
  const chosen = (cells: Cells): Cells => rows.map((row) => cells[row]!);
  const { span } = table;
  return {
    ...table,
    layers: rows.map((row) => table.layers[row]!),
    values: chosen(table.values),
    ...(span && { span: { ...span, low: chosen(span.low), high: chosen(span.high) } }),
  };
}

/** How far a row's last number is from its first: by factors, or by the difference where there is none. */
function changed(line: readonly (number | null)[]): number {
  const known = line.filter((value) => value !== null);
  const [began, last] = [known[0] ?? 0, known.at(-1) ?? 0];
  const factor = Math.abs(Math.log2(Math.abs(last / began)));
  return Number.isFinite(factor) ? factor : Math.abs(last - began) * 1e6;
}
