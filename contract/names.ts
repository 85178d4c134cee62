import * as z from 'zod';

/**
 * Names that people give to datasets, runs and classes. What looks the same is the same name, however Unicode writes it:
 * a Mac hands over "ü" as u and ¨ (decomposed), a keyboard types it as one character (composed, NFC). Names that differ
 * in capitals look different, so they are two.
 */

/** UTF-16 units of the longest name. */
export const LONGEST_NAME = 100;

/** A name as it is given. */
export const Name = z.string().trim().normalize('NFC').min(1).max(LONGEST_NAME);

/** Whether two names look the same. */
export function isSameName(one: string, other: string): boolean {
  return one.normalize('NFC') === other.normalize('NFC');
}

/** A text as it is searched through, and what is searched for in it: composed, whatever its capitals. */
export function searchable(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

/**
 * What a name may mean: the things of exactly that name; if there is none, those whose name looks the same; if there is
 * none, those that differ in capitals alone.
 *
 * @returns in their order; empty: nothing is named so
 */
export function named<T>(wanted: string, things: readonly T[], nameOf: (thing: T) => string): T[] {
  const likenesses: ((name: string) => boolean)[] = [
    (name) => name === wanted,
    (name) => isSameName(name, wanted),
    (name) => searchable(name) === searchable(wanted),
  ];
  for (const isLike of likenesses) {
    const found = things.filter((thing) => isLike(nameOf(thing)));
    if (found.length > 0) return found;
  }
  return [];
}

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/**
 * The beginning of a text that is not longer than `length`, never a part of a character: an emoji, or a letter with its marks, is
 * left out as a whole. If the first one alone is longer, it is cut between what Unicode counts as characters.
 *
 * @param length in UTF-16 units, as schemas and databases count
 */
export function beginning(text: string, length: number): string {
  if (text.length <= length) return text;
  const whole = upTo(length, graphemes(text));
  return whole === '' ? upTo(length, text) : whole;
}

function* graphemes(text: string): Generator<string> {
  for (const { segment } of characters.segment(text)) yield segment;
}

function upTo(length: number, parts: Iterable<string>): string {
  let text = '';
  for (const part of parts) {
    if (text.length + part.length > length) break;
    text += part;
  }
  return text;
}
