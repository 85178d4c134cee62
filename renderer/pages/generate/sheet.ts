import { MAX_PICTURES } from './seeds.ts';

/** How classes are spread over a sheet. */
export type ClassChoice =
  | { kind: 'drawn' } // every seed draws its own class
  | { kind: 'rows'; labels: readonly number[] } // each label a row, the same seeds in every row
  | { kind: 'one'; label: number };

export interface Layout {
  /** One a picture, row by row. */
  seeds: number[];
  labels: (number | null)[];
  columns: number;
}

/**
 * Which seed and class each picture of a sheet gets.
 *
 * @param seeds   as asked for
 * @param classes null for a network without classes
 * @param columns pictures of a row; null: as many as fit the kind of sheet. Rows of classes always have one column a seed.
 * @returns the layout, or the sentence that says why there is none
 */
export function layOut(
  seeds: readonly number[],
  classes: ClassChoice | null,
  columns: number | null,
): Layout | { problem: string } {
  if (classes?.kind === 'rows') {
    const { labels } = classes;
    const count = seeds.length * labels.length;
    if (labels.length === 0) return { problem: 'Choose at least one class.' };
    if (seeds.length > 64)
      return { problem: `${seeds.length} seeds are too many for rows of classes: a row has at most 64 pictures.` };
    if (count > MAX_PICTURES) {
      return {
        problem: `${labels.length} classes × ${seeds.length} seeds are ${count} pictures; a sheet has at most ${MAX_PICTURES}.`,
      };
    }
    return {
      seeds: labels.flatMap(() => [...seeds]),
      labels: labels.flatMap((label) => seeds.map(() => label)),
      columns: seeds.length,
    };
  }
  const label = classes?.kind === 'one' ? classes.label : null;
  return {
    seeds: [...seeds],
    labels: seeds.map(() => label),
    columns: columns ?? squarish(seeds.length),
  };
}

/** Columns that make a sheet of `count` pictures a little wider than high, 16 at most. */
export function squarish(count: number): number {
  return Math.max(1, Math.min(16, Math.ceil(Math.sqrt(count * 1.3))));
}
