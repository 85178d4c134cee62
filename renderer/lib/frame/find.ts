import { searchable } from '../../../contract/names.ts';

/**
 * How well a name fits what was typed; higher is better, null: not at all. The letters must come in order; whole words
 * and beginnings count most, letters in a row more than scattered ones.
 */
export function fit(name: string, typed: string): number | null {
  const text = searchable(name);
  const wanted = searchable(typed.trim());
  if (wanted === '') return 0;
  const whole = text.indexOf(wanted);
  if (whole === 0) return 1000 - text.length;
  if (whole > 0) return (/[^\p{L}\p{N}]/u.test(text[whole - 1]!) ? 800 : 600) - text.length;
  let at = -1;
  let gaps = 0;
  for (const letter of wanted) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return null;
    if (at >= 0) gaps += next - at - 1;
    at = next;
  }
  return 300 - gaps * 5 - text.length;
}

/** The things that fit, best first; all in their order while nothing is typed. */
export function find<T>(things: readonly T[], name: (thing: T) => string, typed: string): T[] {
  return things
    .map((thing) => ({ thing, score: fit(name(thing), typed) }))
    .filter((entry): entry is { thing: T; score: number } => entry.score !== null)
    .sort((a, b) => b.score - a.score)
    .map((entry) => entry.thing);
}
