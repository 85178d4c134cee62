import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SECURITY_HEADERS } from '../../contract/security.ts';
import { codingFor, PackedBodies } from './content-coding.ts';
import { sendText } from './server.ts';
import { readStatic } from './static-files.ts';

/** Sends the built pages: packed once for all who come, and not at all to who has them. */

/** Kinds that shrink; pictures and fonts are packed already. */
const SHRINKS = /^text\/|^application\/json|^image\/svg/;

/** @param folder of the built pages */
export function pagesIn(
  folder: string,
): (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> {
  const packed = new PackedBodies();
  return async (request, response, path) => {
    const file = await readStatic(folder, path);
    if (file === null) {
      sendText(response, 404, 'There is nothing here.');
      return;
    }
    const shrinks = SHRINKS.test(file.type);
    const coding = shrinks ? codingFor(request.headers['accept-encoding']) : null;
    const sha256 = createHash('sha256').update(file.body).digest('hex');
    const etag = `"${sha256.slice(0, 24)}${coding === null ? '' : `-${coding}`}"`;
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
    const body = coding === null ? file.body : await packed.pack(file.body, sha256, coding);
    response.writeHead(200, {
      ...headers,
      'content-type': file.type,
      ...(coding !== null && { 'content-encoding': coding }),
      'content-length': body.length,
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
}

function hasAlready(request: IncomingMessage, etag: string): boolean {
  const known = (request.headers['if-none-match'] ?? '').split(',').map((one) => one.trim().replace(/^W\//, ''));
  return known.includes(etag);
}
