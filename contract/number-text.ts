/** How numbers are read wherever one can be typed. */

/** Suffixes of counts. The binary ones are what the official code's command line takes ("128Mi"). */
const suffixes: Record<string, number> = { k: 1e3, m: 1e6, g: 1e9, ki: 2 ** 10, mi: 2 ** 20, gi: 2 ** 30 };

const numeral = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(ki|mi|gi|k|m|g)?$/i;

/**
 * Thousands apart: "35,008", "10 000 000". A comma that does not part thousands is a decimal comma ("0,005", "1,5"), which
 * would be read a thousand times too large.
 */
const thousands = /^[+-]?[1-9]\d{0,2}(?:([,_\u202f\u00a0 ])\d{3})(?:\1\d{3})*(?![\d,_\u202f\u00a0])/;

/** Reads one number ("0.01", "1e-8", "35,000", "12k", "4Mi"), or returns null where the text is none. */
export function readNumber(text: string): number | null {
  const bare = text.trim().replace(thousands, (digits) => digits.replaceAll(/[,_\u202f\u00a0 ]/g, ''));
  const match = numeral.exec(bare);
  if (!match) return null;
  const value = Number(match[1]) * (suffixes[(match[2] ?? '').toLowerCase()] ?? 1);
  return Number.isFinite(value) ? value : null;
}

/** Why a text is no number, as a sentence. */
export function noNumber(text: string): string {
  const what = `“${text.trim()}” is not a number`;
  return /\d,\d/.test(text) ? `${what}; write decimals with a point.` : `${what}.`;
}
