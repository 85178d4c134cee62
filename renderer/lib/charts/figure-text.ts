/** Text of drawings: escaped, measured without a canvas, and broken into lines. */

/** What XML has no way to write: control characters and halves of letters. */
const UNWRITABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;

/** Text as the content or an attribute of XML or HTML, whatever is in it; what can't be written becomes �. */
export function escaped(text: string): string {
  return text
    .replaceAll(UNWRITABLE, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Widths of letters in usual sans serif fonts, rounded up, as a share of the font's size. */
const NARROW = /^[iljtfrI1.,:;'|!()[\] ]$/;
const WIDE = /^[mwMW@%—…]$/;
const LATIN = /^[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{N}\p{P}\p{S}\p{Z}]$/u;

function letterWidth(letter: string): number {
  if (NARROW.test(letter)) return 0.36;
  if (WIDE.test(letter)) return 0.95;
  if (!LATIN.test(letter)) return 1.3; // ideographs and emoji
  return /^\p{Lu}$/u.test(letter) ? 0.74 : 0.6;
}

const letters = new Intl.Segmenter('en', { granularity: 'grapheme' });
const lettersOf = (text: string): string[] => Array.from(letters.segment(text), ({ segment }) => segment);

/** Pixels that a text needs at most: fonts differ from machine to machine, and a file is opened on others. */
export function widthOf(text: string, size: number): number {
  return size * lettersOf(text).reduce((sum, letter) => sum + letterWidth(letter), 0);
}

/** Lines of a text that are no wider than so many pixels, broken between words and, where a word is wider, in it. */
export function linesOf(text: string, width: number, size: number): string[] {
  const lines: string[] = [];
  let line = '';
  const fits = (more: string): boolean => widthOf(more, size) <= width;
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line !== '' && fits(`${line} ${word}`)) line = `${line} ${word}`;
    else {
      if (line !== '') lines.push(line);
      line = '';
      for (const letter of lettersOf(word)) {
        if (line !== '' && !fits(line + letter)) {
          lines.push(line);
          line = '';
        }
        line += letter;
      }
    }
  }
  return line === '' ? lines : [...lines, line];
}
