import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SECURITY_HEADERS } from '../../contract/security.ts';
import { codingFor, endingOf, type ContentCoding } from './content-coding.ts';
import { sendText } from './server.ts';
import { readStatic } from './static-files.ts';

/** Sends the built pages: as small as the build packed them, and not at all to who has them. */

/** Kinds that shrink; pictures and fonts are packed already. */
const SHRINKS = /^text\/|^application\/json|^image\/svg/;

/** @param folder of the built pages */
export function pagesIn(
  folder: string,
): (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> {
  return async (request, response, path) => {
    const file = await readStatic(folder, path);
    if (file === null) {
      sendText(response, 404, 'There is nothing here.');
      return;
    }
    const shrinks = SHRINKS.test(file.type);
    const wanted = shrinks ? codingFor(request.headers['accept-encoding']) : null;
    const packed = wanted === null ? null : await readPacked(folder, path, wanted);
    const { body, coding } = packed ?? { body: file.body, coding: null };
    const etag = `"${createHash('sha256').update(body).digest('hex').slice(0, 24)}"`;
    const headers = {
      ...SECURITY_HEADERS,
      // Names of built scripts hold their hash; the page itself must always be the newest.
      'cache-control': path.startsWith('/assets/') ? 'private, max-age=31536000, immutable' : 'no-cache',
      ...(shrinks && { vary: 'Accept-Encoding' }),
      etag,
    };
    if (hasAlready(request, etag)) {
      response.writeHead(304, headers).end();
      return;
    }
    response.writeHead(200, {
      ...headers,
      'content-type': file.type,
      ...(coding !== null && { 'content-encoding': coding }),
      'content-length': body.length,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

/** A file as the build packed it; null: it is too small to be packed. */
async function readPacked(
  folder: string,
  path: string,
  coding: ContentCoding,
): Promise<{ body: Buffer; coding: ContentCoding } | null> {
  const file = await readStatic(folder, path, endingOf(coding));
  return file === null ? null : { body: file.body, coding };
}

function hasAlready(request: IncomingMessage, etag: string): boolean {
  const known = (request.headers['if-none-match'] ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  return known.includes(etag);
}
