/** Links of docs to lines: "[`symbol`](../path/to/file.ts#L12)". The symbol is the truth, the number follows it. */

const LINK = /\[`([A-Za-z]\w*)`\]\((\.\.\/[^)#]+)#L(\d+)\)/g;

/**
 * The line that declares a symbol, from 1; null: none does.
 *
 * @param {string} source
 * @param {string} symbol
 * @returns {number | null}
 */
export function declarationLine(source, symbol) {
  const declaration = new RegExp(`^(export )?(async )?(function\\*? ?|const |interface |type |class )${symbol}(?!\\w)`);
  const index = source.split('\n').findIndex((line) => declaration.test(line));
  return index < 0 ? null : index + 1;
}

/**
 * A page with the numbers that its symbols have today.
 *
 * @param {string} page
 * @param {(path: string) => string | null} read the file at a path as the page gives it; null: there is none
 * @returns {{ page: string, missing: string[], count: number }} `missing`: links whose file or symbol isn't there
 */
export function withLines(page, read) {
  /** @type {string[]} */
  const missing = [];
  let count = 0;
  const text = page.replaceAll(LINK, (link, symbol, path) => {
    count += 1;
    const source = read(path);
    const line = source === null ? null : declarationLine(source, symbol);
    if (line === null) missing.push(`${symbol} in ${path}`);
    return line === null ? link : `[\`${symbol}\`](${path}#L${line})`;
  });
  return { page: text, missing, count };
}
