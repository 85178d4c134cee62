import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import type { KeptSession } from '../store/browsers.ts';

/**
 * Who comes in over TCP. Other users of the machine and every web page in the user's browser can reach the port, so a
 * request must show three things: a session that was opened with the one-time token, a Host we go by, and an Origin that is
 * ourselves. A page whose name was re-pointed to this address ("DNS rebinding") has that name as its Host. A Host in
 * numbers can't be re-pointed: whoever sends it was led to that very address, be it ours or one that is translated to ours.
 */

/** Bytes of tokens and session keys: 256 bits can't be guessed. */
const SECRET_BYTES = 32;

/** Sessions at once; the oldest gives way. One person has a handful of browsers. */
const MAX_SESSIONS = 64;

/** A browser that was let in may come again for so long, also after a restart: thirty days. */
export const SESSION_MS = 30 * 24 * 3600 * 1000;

/**
 * One-time tokens and the sessions they opened. Only digests are kept, and they are compared in constant time. Tokens end
 * with the process, sessions after `SESSION_MS`.
 */
export class Sessions {
  readonly #tokens: Buffer[] = [];
  #sessions: readonly KeptSession[];
  readonly #keep: (sessions: readonly KeptSession[]) => void;
  readonly #now: () => number;

  /**
   * @param kept sessions of before
   * @param keep is told all sessions at each change
   * @param now  milliseconds since 1970; a parameter for tests
   */
  constructor(
    kept: readonly KeptSession[],
    keep: (sessions: readonly KeptSession[]) => void,
    now: () => number = Date.now,
  ) {
    this.#sessions = kept;
    this.#keep = keep;
    this.#now = now;
  }

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
    const opened = { sha256: digest(key).toString('hex'), until: this.#now() + SESSION_MS };
    this.#sessions = [...this.#living(), opened].slice(-MAX_SESSIONS);
    this.#keep(this.#sessions);
    return key;
  }

  knows(key: string): boolean {
    const digests = this.#living().map(({ sha256 }) => Buffer.from(sha256, 'hex'));
    return find(digests, key) >= 0;
  }

  /** Ends all sessions. */
  forget(): void {
    this.#sessions = [];
    this.#keep(this.#sessions);
  }

  #living(): readonly KeptSession[] {
    return this.#sessions.filter(({ until }) => until > this.#now());
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
 * Names under which a server is asked for, beside numbers. The port is not looked at: it differs behind `ssh -L`, and a
 * foreign page can't choose our name whatever port it takes.
 *
 * @param host what the server is bound to
 */
export function ownNames(host: string): Set<string> {
  const names = new Set(['localhost', host.toLowerCase()]);
  if (!isLoopback(host)) names.add(hostname().toLowerCase());
  return names;
}

/** An address as URLs have it: IPv6 in brackets. */
export function inUrl(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}

/** Why a request over TCP is refused, in words; null: it may pass (as far as names go). */
export function foreignRequest(request: IncomingMessage, names: ReadonlySet<string>): string | null {
  const host = request.headers.host?.toLowerCase();
  const asked = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/.exec(host ?? '');
  if (host === undefined || asked === null) return 'This is not the host you asked for.';
  const [, inBrackets, name] = asked;
  const isNumeric = inBrackets === undefined ? isIPv4(name!) : isIPv6(inBrackets);
  if (!isNumeric && (name === undefined || !names.has(name))) return unknownHost(name);
  const { origin } = request.headers;
  if (origin !== undefined && origin.toLowerCase() !== `http://${host}`) return 'Other sites may not ask here.';
  const site = request.headers['sec-fetch-site'];
  const navigates = request.headers['sec-fetch-mode'] === 'navigate';
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && !navigates)
    return 'Other sites may not ask here.';
  return null;
}

/** @param name as it was asked for; undefined: something in brackets that is no address */
function unknownHost(name: string | undefined): string {
  if (name === undefined) return 'This is not the host you asked for.';
  return `EDM2 Studio does not know itself as ${name}. If that name leads here, end \`edm2 serve\` and start it with --allow-host ${name}; an address in numbers always works.`;
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
  return `${cookieName(port)}=${key}; Path=/; Max-Age=${SESSION_MS / 1000}; HttpOnly; SameSite=Strict`;
}
