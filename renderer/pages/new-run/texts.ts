import type { Range } from './ranges.ts';

/** What a text in a field means: a value of the config, or why it is none. */
export type Reading = { value: number | number[] | null } | { problem: string };

/** Suffixes for counts of images. The binary ones are what the official code's command line takes ("128Mi"). */
const suffixes: Record<string, number> = { k: 1e3, m: 1e6, g: 1e9, ki: 2 ** 10, mi: 2 ** 20, gi: 2 ** 30 };

const numeral = /^([+-]?(?:\d[\d_ ,]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(ki|mi|gi|k|m|g)?$/i;

/** Reads one number ("0.01", "1e-8", "35,000", "4Mi"), or returns null where the text is none. */
export function readNumber(text: string): number | null {
  const match = numeral.exec(text.trim());
  if (!match) return null;
  const digits = match[1]!;
  // A comma groups thousands; "0,01" is a decimal comma, which would be read a hundred times too large.
  if (digits.includes(',') && !/^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/.test(digits)) return null;
  const value = Number(digits.replaceAll(/[_ ,]/g, ''));
  return Number.isFinite(value) ? value * (suffixes[(match[2] ?? '').toLowerCase()] ?? 1) : null;
}

/**
 * Reads what stands in a field. Only the form of the text is judged here; ranges are the schema's to judge.
 *
 * @param text  as typed
 * @param range of the value it stands for
 */
export function readText(text: string, range: Range): Reading {
  const trimmed = text.trim();
  if (trimmed === '') {
    if (range.optional) return { value: null };
    return range.list && range.minItems === 0 ? { value: [] } : { problem: 'This must not be empty.' };
  }
  if (!range.list) {
    const value = readNumber(trimmed);
    if (value !== null) return { value };
    return {
      problem: trimmed.includes(',')
        ? `“${trimmed}” is not a number; write decimals with a point.`
        : `“${trimmed}” is not a number.`,
    };
  }
  const values: number[] = [];
  for (const part of trimmed.split(/[\s,;]+/).filter((piece) => piece !== '')) {
    const value = readNumber(part);
    if (value === null) return { problem: `“${part}” is not a number; write the values with commas between them.` };
    values.push(value);
  }
  return { value: values };
}

/** The text that stands for a value; `readText` gives the same value back. Whole multiples of 2^20 are written "4Mi". */
export function writeText(value: number | readonly number[] | null): string {
  if (value === null) return '';
  if (typeof value !== 'number') return value.join(', ');
  return value >= 2 ** 20 && value % 2 ** 20 === 0 ? `${value / 2 ** 20}Mi` : String(value);
}
