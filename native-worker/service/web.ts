import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { Duplex } from 'node:stream';
import { AppError, hasSystemCode } from '../../contract/errors.ts';
import type { Browsers, KeptSession } from '../store/browsers.ts';
import { pagesIn } from './pages.ts';
import { foreignRequest, inUrl, isLoopback, ownNames, sessionCookie, sessionKey, Sessions } from './security.ts';
import { makeServer, pathOf, queryOf, type Admission, type ServerParts } from './server.ts';

/** The pages and the protocol over TCP, for a browser. */

/** Where the service can be reached by a browser. */
export interface WebServer {
  readonly host: string;
  readonly port: number;
  /** The port of last time, where another program has it; else null. */
  readonly takenPort: number | null;
  /** Lets names through that lead here. */
  allow(names: readonly string[]): void;
  /** Ends the sessions of all browsers, and what they have open. */
  forgetSessions(): void;
  /** The address with a token for one use. */
  newUrl(): string;
  close(): void;
}

export interface WebOptions {
  host: string;
  /** 0: any free one; null: the one of last time. */
  port: number | null;
  /** Folder of the built pages. */
  pages: string;
  /** What is remembered from one time to the next. */
  browsers: { read(): Browsers; write(browsers: Browsers): void };
  parts: Omit<ServerParts, 'admit'>;
}

/**
 * Listens on a TCP port.
 *
 * @throws {AppError} 'port-in-use'; 'invalid-input' if the host is no address of this machine; 'forbidden' for a port
 *   that needs more rights
 */
export async function openWeb({ host, port, pages, browsers, parts }: WebOptions): Promise<WebServer> {
  const before = browsers.read();
  let bound = 0;
  const keep = (kept: readonly KeptSession[]): void => {
    try {
      browsers.write({ port: bound, sessions: [...kept] });
    } catch (error) {
      // Who was let in stays in; after a restart they need a new address.
      parts.log.warn({ err: error }, 'the sessions of browsers could not be written down');
    }
  };
  const sessions = new Sessions(before.sessions, keep);
  const names = ownNames(host);
  const sendPage = pagesIn(pages);
  const serveFile = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    if (path.startsWith('/files/')) return parts.serveFile(request, response, path);
    await sendPage(request, response, path);
  };
  const admit = (request: IncomingMessage): Admission => admitBrowser(request, sessions, names, bound);
  const server = makeServer({ ...parts, serveFile, admit });
  // Connections of pages, which the server itself gives out of its hands.
  const upgraded = new Set<Duplex>();
  server.on('upgrade', (_request, socket: Duplex) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
  });
  const endPages = (): void => {
    for (const socket of upgraded) socket.destroy();
  };
  const takenPort = await listenAsBefore(server, host, port, before.port);
  bound = (server.address() as AddressInfo).port;
  if (bound !== before.port) keep(before.sessions);
  return {
    host,
    port: bound,
    takenPort,
    allow: (more) => {
      for (const name of more) names.add(name);
    },
    forgetSessions: () => {
      sessions.forget();
      endPages();
    },
    newUrl: () => `http://${inUrl(shownHost(host))}:${bound}/?token=${sessions.issueToken()}`,
    close: () => {
      server.close();
      server.closeAllConnections();
      endPages();
    },
  };
}

/** @returns the port of last time, if another program has it and a free one was taken instead */
async function listenAsBefore(
  server: Server,
  host: string,
  port: number | null,
  last: number | null,
): Promise<number | null> {
  try {
    await listen(server, host, port ?? last ?? 0);
    return null;
  } catch (error) {
    if (port !== null || last === null || !(error instanceof AppError) || error.code === 'invalid-input') throw error;
    await listen(server, host, 0);
    return last;
  }
}

/** All addresses at once is no address to type: the first that other machines can use stands in, if there is one. */
function shownHost(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host;
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

function admitBrowser(request: IncomingMessage, sessions: Sessions, names: Set<string>, port: number): Admission {
  const foreign = foreignRequest(request, names);
  if (foreign !== null) return { admitted: false, status: 403, body: foreign };
  const token = pathOf(request) === '/' ? queryOf(request).get('token') : null;
  if (token !== null && request.method === 'GET') {
    const key = sessions.redeem(token);
    if (key !== null) {
      const headers = { location: '/', 'set-cookie': sessionCookie(key, port) };
      return { admitted: false, status: 303, body: 'Welcome.', headers };
    }
  }
  if (!sessions.knows(sessionKey(request, port))) {
    const body =
      token === null
        ? 'This is EDM2 Studio. Open it with the address that it printed when it started; each address works once.'
        : 'This address was used before, or is not complete. Run `edm2 serve` again for a new one.';
    return { admitted: false, status: 401, body };
  }
  if (pathOf(request) === '/rpc' && request.headers.origin === undefined) {
    return { admitted: false, status: 403, body: 'Only our own pages may ask here.' };
  }
  // A used token in the address bar would stay in the history.
  if (token !== null) return { admitted: false, status: 303, body: 'Welcome back.', headers: { location: '/' } };
  return { admitted: true, audience: 'page' };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => reject(readable(error, host, port));
    server.once('error', refuse);
    server.listen({ host, port, exclusive: true }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}

function readable(error: Error, host: string, port: number): Error {
  if (hasSystemCode(error, 'EADDRINUSE')) {
    const message = `Port ${port} on ${host} is taken by another program. Choose another one with --port, or 0 for any free one.`;
    return new AppError('port-in-use', message, { cause: error });
  }
  if (hasSystemCode(error, 'EADDRNOTAVAIL') || hasSystemCode(error, 'ENOTFOUND')) {
    return new AppError(
      'invalid-input',
      `${host} is not an address of this machine. Leave --host out for this machine alone.`,
      { cause: error },
    );
  }
  if (hasSystemCode(error, 'EACCES')) {
    return new AppError(
      'forbidden',
      `Port ${port} needs more rights than this program has. Choose one above 1023 with --port.`,
      { cause: error },
    );
  }
  return error;
}

/** A sentence of caution where others can reach the port; null for this machine alone. */
export function exposureWarning(host: string): string | null {
  if (isLoopback(host)) return null;
  return `Everybody who can reach ${host} can reach this server. The token is all that keeps them out, and it travels unencrypted; prefer an SSH tunnel.`;
}
