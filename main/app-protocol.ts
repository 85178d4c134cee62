import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { protocol } from 'electron';
import { SECURITY_HEADERS } from '../contract/security.ts';
import { findAppFile, servicePath, type AppFile } from './app-files.ts';
import { APP_SCHEME } from './origin.ts';
import type { Service } from './service.ts';

/** What `app://edm2/…` answers, for both ways in which Electron can be told. */
interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer | Readable;
}

/** Makes `app:` a scheme with an origin, to which the web's rules apply. Before `ready`, once. */
export function declareAppScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
}

/** Serves the built page, and the library's pictures through the service. After `ready`, once. */
export function serveApp(files: ReadonlyMap<string, AppFile>, service: Service): void {
  const answer = async (method: string, url: string): Promise<Answer> => {
    try {
      return await find(files, service, method, url);
    } catch {
      return plain(503, "EDM2 Studio can't read this at the moment.");
    }
  };
  if (typeof protocol.handle === 'function') {
    protocol.handle(APP_SCHEME, async (request) => {
      const { status, headers, body } = await answer(request.method, request.url);
      // Node's type of a web stream and the page's are the same thing under two names.
      const content = Buffer.isBuffer(body)
        ? new Uint8Array(body)
        : (Readable.toWeb(body) as unknown as ReadableStream);
      return new Response(content, { status, headers });
    });
    return;
  }
  // Electron before 25, which the tests run where no newer one can be had.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  protocol.registerStreamProtocol(APP_SCHEME, (request, respond) => {
    void answer(request.method, request.url).then(({ status, headers, body }) => {
      respond({
        statusCode: status,
        headers,
        data: Buffer.isBuffer(body) ? Readable.from([body]) : body,
        mimeType: (headers['content-type'] ?? '').split(';')[0] ?? '',
      });
    });
  });
}

async function find(
  files: ReadonlyMap<string, AppFile>,
  service: Service,
  method: string,
  url: string,
): Promise<Answer> {
  if (method !== 'GET') return plain(405, 'Only GET is answered here.');
  const file = findAppFile(files, url);
  if (file !== null) {
    return answerWith(200, await readFile(file.path), {
      'content-type': file.contentType,
      'cache-control': 'no-cache',
    });
  }
  const path = servicePath(url);
  if (path === null) return plain(404, 'There is no such page.');
  const { status, body, contentType, cacheControl } = await service.file(path);
  return answerWith(status, body, { 'content-type': contentType, 'cache-control': cacheControl });
}

function answerWith(status: number, body: Answer['body'], headers: Record<string, string>): Answer {
  return { status, body, headers: { ...SECURITY_HEADERS, ...headers } };
}

function plain(status: number, text: string): Answer {
  return answerWith(status, Buffer.from(text), {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
  });
}
