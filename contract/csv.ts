/** Cells of tables as text, by RFC 4180: lines end in CR and LF. */

/** A text as it is, quoted where it must be. */
export function csvQuoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A text for a file that a spreadsheet may open: never a formula. */
export function csvText(text: string): string {
  return csvQuoted(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text);
}

/** A whole table. Texts are never formulas, numbers stand as they are, null is empty. */
export function csvTable(rows: readonly (readonly (string | number | null)[])[]): string {
  const cell = (value: string | number | null): string =>
    typeof value === 'string' ? csvText(value) : `${value ?? ''}`;
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}
