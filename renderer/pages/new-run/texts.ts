import { noNumber, readNumber } from '../../../contract/number-text.ts';
import type { Range } from './ranges.ts';

/** What a text in a field means: a value of the config, or why it is none. */
export type Reading = { value: number | number[] | null } | { problem: string };

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
    return value === null ? { problem: noNumber(trimmed) } : { value };
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
