import document from '../../../docs/words.md?raw';

/** A piece of a line: plain words, or words in the fixed-width type. */
export interface Piece {
  readonly text: string;
  readonly code: boolean;
}

export interface Section {
  readonly heading: string;
  readonly paragraphs: readonly (readonly Piece[])[];
}

/**
 * Reads the part of Markdown that docs/words.md is written in: sections under `## …`, paragraphs, `code`, and links, of
 * which the words stay: they lead to other pages of docs/, which a browser does not have.
 */
export function sectionsOf(markdown: string): Section[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading = '', ...paragraphs] = section.trim().split(/\n\s*\n/);
      return { heading, paragraphs: paragraphs.map((text) => piecesOf(text.replaceAll(/\s*\n\s*/g, ' '))) };
    });
}

function piecesOf(text: string): Piece[] {
  return text
    .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')
    .split('`')
    .map((part, index) => ({ text: part, code: index % 2 === 1 }))
    .filter((piece) => piece.text !== '');
}

/** docs/words.md, as the page shows it. */
export const sections = sectionsOf(document);
