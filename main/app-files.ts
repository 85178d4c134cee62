import { readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { isAppUrl } from './origin.ts';

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
};

/** A file of the built page. */
export interface AppFile {
  readonly path: string;
  readonly contentType: string;
}

/**
 * Every file of the built page by the path under which it is asked for ("/assets/index.js"). A request is looked up in
 * this list and never turned into a path, so no spelling of `..` leads out of the folder; symbolic links are left out.
 *
 * @throws if the folder can't be read: the page was not built
 */
export function listAppFiles(folder: string): ReadonlyMap<string, AppFile> {
  const files = new Map<string, AppFile>();
  const walk = (directory: string, prefix: string): void => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) walk(path, `${prefix}${entry.name}/`);
      const contentType = contentTypes[extname(entry.name)];
      if (entry.isFile() && contentType !== undefined) files.set(prefix + entry.name, { path, contentType });
    }
  };
  walk(folder, '/');
  const index = files.get('/index.html');
  if (index !== undefined) files.set('/', index);
  return files;
}

/** The file that a URL asks for; null: there is none. */
export function findAppFile(files: ReadonlyMap<string, AppFile>, url: string): AppFile | null {
  return isAppUrl(url) ? (files.get(new URL(url).pathname) ?? null) : null;
}

const SERVED = [
  /^\/files\/(samples|datasets)(\/[a-z0-9]+)+\.png$/,
  /^\/files\/profiles\/[0-9]+\.json$/,
  /^\/files\/runs\/[0-9]+(,[0-9]+)*\/(ticks|numbers)\.(csv|json)$/,
  /^\/files\/runs\/[0-9]+\/tensorboard$/,
];

/**
 * The path to ask the service for, of a URL that wants a picture, a trace or recorded numbers of the library
 * ("app://edm2/files/samples/7.png"); null: no such URL. Only ids and fixed words can be said this way.
 */
export function servicePath(url: string): string | null {
  if (!isAppUrl(url)) return null;
  const path = new URL(url).pathname;
  return SERVED.some((pattern) => pattern.test(path)) ? path : null;
}
