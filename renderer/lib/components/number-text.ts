export interface NumberRule {
  min: number;
  max: number;
  integer: boolean;
  nullable: boolean;
}

/**
 * Reads what was typed into a number field: 0.01, 1e-3, 35,008, 12k, 1.5M.
 *
 * @returns the value and null, or the reason why it is none
 */
export function parseNumber(
  text: string,
  rule: NumberRule,
): { value: number | null; error: null } | { value: undefined; error: string } {
  const bare = text.trim().replace(/(?<=\d)[,_\u202f\u00a0 ](?=\d{3}(?!\d))/g, '');
  if (bare === '') return rule.nullable ? { value: null, error: null } : fail('A number is needed here.');
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*([kM]?)$/i.exec(bare);
  if (!match) return fail(`“${text.trim()}” is not a number.`);
  const factor = match[2] === '' ? 1 : match[2]!.toLowerCase() === 'k' ? 1e3 : 1e6;
  const value = Number(match[1]) * factor;
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
    : value.toLocaleString('en-US');
}

function fail(error: string): { value: undefined; error: string } {
  return { value: undefined, error };
}
