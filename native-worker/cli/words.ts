import { POOR_FIT } from '../../contract/recipe.ts';

/** How the command line writes what no page does; numbers with units are in contract/units.ts. */

/** 1 → "1 picture", 512 → "512 pictures". */
export function pictures(count: number): string {
  return `${count} ${count === 1 ? 'picture' : 'pictures'}`;
}

/** Three significant digits without an exponent below a million: 61.4, 0.0123, 238. Not finite: "–". */
export function threeDigits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(3)); // 0.9996 counts as 1.00
  const magnitude = Math.floor(Math.log10(Math.abs(rounded)));
  return rounded.toFixed(Math.min(20, Math.max(0, 2 - magnitude)));
}

/** 0.0123 → "1.23 %". */
export function percent(share: number): string {
  return `${threeDigits(share * 100)} %`;
}

/**
 * What to expect of an average that is not stored.
 *
 * @param error predicted, relative to the wanted profile; 0: the average is stored
 */
export function reconstructionWords(error: number): string {
  if (error === 0) return 'It is one of the stored averages.';
  const words = `reconstructed from the stored averages, predicted error ${percent(error)}`;
  if (error <= POOR_FIT) return `It is ${words}.`;
  return `Warning: it is ${words}. That is another profile than the one asked for; more snapshots, or a length nearer to the stored ones, give a better one.`;
}

/** Rows under headings, padded to columns; numbers to the right. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (right.includes(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [line(headings), ...rows.map(line)].join('\n');
}
