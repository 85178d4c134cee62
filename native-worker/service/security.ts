import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { hostname, networkInterfaces } from 'node:os';

/**
 * Who comes in over TCP. Other users of the machine and every web page in the user's browser can reach the port, so a
 * request must show three things: a session that was opened with the one-time token, a Host we go by (a page whose
 * name was re-pointed to this address, "DNS rebinding", has another), and an Origin that is ourselves.
 */

/** Bytes of tokens and session keys: 256 bits can't be guessed. */
const SECRET_BYTES = 32;

/** Sessions at once; the oldest gives way. One person has a handful of browsers. */
const MAX_SESSIONS = 64;

/** One-time tokens and the sessions they opened. Only digests are kept, and they are compared in constant time. */
export class Sessions {
  readonly #tokens: Buffer[] = [];
  readonly #sessions: Buffer[] = [];

  /** A new token for one use. */
  issueToken(): string {
    const token = randomBytes(SECRET_BYTES).toString('base64url');
    this.#tokens.push(digest(token));
    if (this.#tokens.length > MAX_SESSIONS) this.#tokens.shift();
    return token;
  }

  /** @returns the key of a new session; null if the token is wrong or was used before */
  redeem(token: string): string | null {
    const index = find(this.#tokens, token);
    if (index < 0) return null;
    this.#tokens.splice(index, 1);
    const key = randomBytes(SECRET_BYTES).toString('base64url');
    this.#sessions.push(digest(key));
    if (this.#sessions.length > MAX_SESSIONS) this.#sessions.shift();
    return key;
  }

  knows(key: string): boolean {
    return find(this.#sessions, key) >= 0;
  }
}

function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Looks at all entries, so that the time taken tells nothing. */
function find(digests: readonly Buffer[], secret: string): number {
  const wanted = digest(secret);
  let found = -1;
  digests.forEach((entry, index) => {
    if (timingSafeEqual(entry, wanted)) found = index;
  });
  return found;
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

export function isLoopback(host: string): boolean {
  return LOOPBACK_NAMES.includes(host) || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Names under which a server is asked for. The port is not looked at: it differs behind `ssh -L`, and a foreign page
 * can't choose our name whatever port it takes.
 *
 * @param host what the server is bound to
 */
export function ownNames(host: string): Set<string> {
  const names = new Set([...LOOPBACK_NAMES, inUrl(host).toLowerCase()]);
  if (!isLoopback(host)) {
    names.add(hostname().toLowerCase());
    for (const addresses of Object.values(networkInterfaces())) {
      for (const { address } of addresses ?? []) names.add(inUrl(address).toLowerCase());
    }
  }
  return names;
}

/** An address as URLs have it: IPv6 in brackets. */
export function inUrl(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** Why a request over TCP is refused, in words; null: it may pass (as far as names go). */
export function foreignRequest(request: IncomingMessage, names: ReadonlySet<string>): string | null {
  const host = request.headers.host?.toLowerCase();
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?$/.exec(host ?? '');
  if (host === undefined || match === null || !names.has(match[1]!)) return 'This is not the host you asked for.';
  const { origin } = request.headers;
  if (origin !== undefined && origin.toLowerCase() !== `http://${host}`) return 'Other sites may not ask here.';
  const site = request.headers['sec-fetch-site'];
  const navigates = request.headers['sec-fetch-mode'] === 'navigate';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !navigates)
    return 'Other sites may not ask here.';
  return null;
}

/** Browsers send cookies of all ports of a host; the port in the name keeps two libraries apart. */
export function cookieName(port: number): string {
  return `edm2_session_${port}`;
}

/** @returns the session key of the request's cookie, '' if there is none */
export function sessionKey(request: IncomingMessage, port: number): string {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === cookieName(port)) return value ?? '';
  }
  return '';
}

export function sessionCookie(key: string, port: number): string {
  return `${cookieName(port)}=${key}; Path=/; HttpOnly; SameSite=Strict`;
}
