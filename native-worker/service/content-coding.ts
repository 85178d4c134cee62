/** How texts of the pages are packed for the way to the browser: the build wrote each beside itself, by these endings. */

export type ContentCoding = 'br' | 'gzip';

/** Best first. Browsers take Brotli from this machine and over HTTPS alone. */
const ENDINGS: Readonly<Record<ContentCoding, string>> = { br: '.br', gzip: '.gz' };
const OURS = Object.keys(ENDINGS) as ContentCoding[];

/** What the name of a packed file ends with. */
export function endingOf(coding: ContentCoding): string {
  return ENDINGS[coding];
}

/**
 * The best coding of ours that a browser takes (RFC 9110, 12.5.3); null: none.
 *
 * @param acceptEncoding the request's header; undefined: it has none, and then nothing is packed
 */
export function codingFor(acceptEncoding: string | undefined): ContentCoding | null {
  const weights = new Map<string, number>();
  for (const part of (acceptEncoding ?? '').toLowerCase().split(',')) {
    const [name, weight] = part.split(/;\s*q=/);
    weights.set(name!.trim(), weight === undefined ? 1 : Number(weight) || 0);
  }
  const weightOf = (coding: ContentCoding): number => weights.get(coding) ?? weights.get('*') ?? 0;
  return OURS.find((coding) => weightOf(coding) > 0) ?? null;
}
