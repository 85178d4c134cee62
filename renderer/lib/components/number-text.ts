import { noNumber, readNumber } from '../../../contract/number-text.ts';
import { number } from '../format.ts';

/** What a number field takes. */

export interface NumberRule {
  min: number;
  max: number;
  integer: boolean;
  nullable: boolean;
}

/**
 * Reads what was typed into a number field.
 *
 * @returns the value and null, or the reason why it is none
 */
export function parseNumber(
  text: string,
  rule: NumberRule,
): { value: number | null; error: null } | { value: undefined; error: string } {
  if (text.trim() === '') return rule.nullable ? { value: null, error: null } : fail('A number is needed here.');
  const value = readNumber(text);
  if (value === null) return fail(noNumber(text));
  if (rule.integer && !Number.isInteger(value)) return fail('A whole number is needed here.');
  if (value < rule.min || value > rule.max) return fail(`Must be ${rangeText(rule.min, rule.max)}.`);
  return { value, error: null };
}

/** A range in words: "1 to 4096", "at least 0", "at most 1"; empty without bounds. */
export function rangeText(min: number, max: number): string {
  if (min === -Infinity && max === Infinity) return '';
  if (max === Infinity) return `at least ${bound(min)}`;
  if (min === -Infinity) return `at most ${bound(max)}`;
  return `${bound(min)} to ${bound(max)}`;
}

function bound(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6)
    ? Number(value.toPrecision(3)).toExponential().replace('e+', 'e')
    : number(value, 6);
}

function fail(error: string): { value: undefined; error: string } {
  return { value: undefined, error };
}
