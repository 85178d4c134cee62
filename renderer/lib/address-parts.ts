/** A value of a query; letters that addresses may have as they are stay readable. */
export function readable(text: string): string {
  return encodeURIComponent(text).replaceAll(/%(?:3A|2C|2F)/g, decodeURIComponent);
}

/** A number of something in the library; null: the text is none. */
export function toId(text: string | null | undefined): number | null {
  return text && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null;
}

/** Numbers separated by commas, each once; what is none is left out. */
export function toIds(text: string | null | undefined): number[] {
  const ids = (text ?? '').split(',').map(toId);
  return [...new Set(ids.filter((id) => id !== null))];
}
