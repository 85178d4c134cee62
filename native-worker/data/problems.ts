import type { ImportProblem } from '../../contract/datasets.ts';
import { count } from '../../contract/units.ts';

/** A list that a person reads and a message carries; the rest is counted. */
const LISTED = 1000;

/** What an import left out, and why. */
export class ProblemList {
  readonly #listed: ImportProblem[] = [];
  /** All of them, listed or not. */
  count = 0;

  /**
   * @param file   path relative to the folder, as the system spells it
   * @param reason words that go on from the file's name: "is empty"
   */
  add(file: string, reason: string): void {
    this.count += 1;
    if (this.#listed.length < LISTED) this.#listed.push({ file: printable(file), reason });
  }

  first(): ImportProblem | undefined {
    return this.#listed[0];
  }

  /** The listed ones in the order they came, and a last line that counts the others. */
  toList(): ImportProblem[] {
    const more = this.count - this.#listed.length;
    if (more === 0) return [...this.#listed];
    return [...this.#listed, { file: '…', reason: `and ${count(more)} more files were left out` }];
  }
}

/**
 * A file's name for a person's eyes: with / on every system, line breaks and other control characters and broken ones spelled out, and
 * marks that turn the direction of text around (which can make a name look like another) as well.
 */
export function printable(name: string): string {
  return name
    .replaceAll('\\', process.platform === 'win32' ? '/' : '\\')
    .replaceAll(/[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (character) =>
      character === '\n' ? '\\n' : `\\u${character.codePointAt(0)!.toString(16).padStart(4, '0')}`,
    );
}
