/** Most pictures of one sheet: what the contract allows in a request. */
export const MAX_PICTURES = 1024;
const MAX_SEED = 2 ** 31 - 1;

/** Numbers that a text like "0-63, 100" lists, or the sentence that says what is wrong with it. */
export type Listing = { numbers: number[] } | { problem: string };

/**
 * Reads a list of numbers and ranges: "0-63, 100" or "5 7 9..12". The order is kept, repetitions are, too.
 *
 * @param text    as typed
 * @param maximum largest number allowed
 * @param what    what one number is called in a problem ("seed")
 */
export function readList(text: string, maximum = MAX_SEED, what = 'seed'): Listing {
  const parts = text
    .trim()
    .replaceAll(/\s*(-|–|\.\.)\s*/g, '-')
    .split(/[\s,;]+/)
    .filter((part) => part !== '');
  if (parts.length === 0) return { problem: `Give at least one ${what}.` };
  const numbers: number[] = [];
  for (const part of parts) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!match) return { problem: `“${part}” is neither a ${what} nor a range like 0-63.` };
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    if (last < first) return { problem: `The range ${part} runs backwards; write ${last}-${first}.` };
    if (last > maximum) return { problem: `${last} is too large: a ${what} is at most ${maximum}.` };
    if (numbers.length + last - first + 1 > MAX_PICTURES) {
      return { problem: `These are more than ${MAX_PICTURES} ${what}s, the most a sheet can hold.` };
    }
    for (let number = first; number <= last; number++) numbers.push(number);
  }
  return { numbers };
}

/** The shortest text that `readList` turns into these numbers: [0, 1, 2, 7] becomes "0-2, 7". */
export function writeList(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length;) {
    let end = i;
    while (end + 1 < numbers.length && numbers[end + 1] === numbers[end]! + 1) end++;
    parts.push(end === i ? String(numbers[i]) : `${numbers[i]}-${numbers[end]}`);
    i = end + 1;
  }
  return parts.join(', ');
}

/** Seeds of a sheet without those that repeat row by row: what to put into the seeds field to get it again. */
export function distinctSeeds(seeds: readonly number[]): number[] {
  return [...new Set(seeds)];
}
