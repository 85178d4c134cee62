/** Scheme and host of our own pages. */
export const APP_SCHEME = 'app';
export const APP_HOST = 'edm2';
export const APP_URL = `${APP_SCHEME}://${APP_HOST}/`;

/** All that may be requested: our own scheme, pictures that the page made itself, Electron's developer tools. */
const requestSchemes: ReadonlySet<string> = new Set([`${APP_SCHEME}:`, 'data:', 'blob:', 'devtools:']);

/** A URL, or null for a text that is none. */
export function parseUrl(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}

/**
 * Whether a URL belongs to our own pages. Protocol and host are compared, because the `origin` of a URL with a scheme
 * of one's own is the text 'null', and so equal for everybody.
 */
export function isAppUrl(text: string): boolean {
  const url = parseUrl(text);
  return url !== null && url.protocol === `${APP_SCHEME}:` && url.host === APP_HOST;
}

/** Whether a request may leave the page at all. Nothing that needs a network may. */
export function mayRequest(text: string): boolean {
  const url = parseUrl(text);
  return url !== null && requestSchemes.has(url.protocol);
}

/** Of a frame that sent a message: what decides whether it is ours. */
export interface Sender {
  readonly url: string;
  readonly parent: unknown;
}

/** Whether a message comes from our page itself: not a frame inside it, not one that is gone already. */
export function isAppFrame(frame: Sender | null): boolean {
  return frame !== null && frame.parent === null && isAppUrl(frame.url);
}
