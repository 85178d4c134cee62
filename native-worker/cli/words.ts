import { POOR_FIT } from '../../contract/recipe.ts';

/** Numbers as people read them: three significant digits and a unit. */

/** 512 → "512 images", 35_008 → "35.0 kimg", 1_310_000 → "1.31 Mimg". */
export function images(count: number): string {
  if (count < 1000) return `${count} ${count === 1 ? 'image' : 'images'}`;
  return count < 999_500 ? `${threeDigits(count / 1e3)} kimg` : `${threeDigits(count / 1e6)} Mimg`;
}

/** 1 → "1 picture", 512 → "512 pictures". */
export function pictures(count: number): string {
  return `${count} ${count === 1 ? 'picture' : 'pictures'}`;
}

/** Bytes in powers of ten, as disks are sold: 238_000_000 → "238 MB". */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = count / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${threeDigits(value)} ${units[unit]}`;
}

/** Seconds → "45 s", "9 min 20 s", "3 h 12 min", "2 d 4 h". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return two(Math.floor(whole / 60), 'min', whole % 60, 's');
  const minutes = Math.round(whole / 60);
  if (minutes < 24 * 60) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.round(whole / 3600);
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
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
