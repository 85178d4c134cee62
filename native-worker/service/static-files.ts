import { readFile, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

/** The files of the built pages. */

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
};

export interface StaticFile {
  type: string;
  body: Buffer;
}

/**
 * Reads a file of one folder.
 *
 * @param root    the folder; nothing outside it is ever read, not through links either
 * @param urlPath path of the URL as it came, still percent-encoded, without query
 * @param ending  of the file that lies beside the one named, to be read in its place
 * @returns null if there is no such file, its kind is not served, or the path tries to get out
 */
export async function readStatic(root: string, urlPath: string, ending = ''): Promise<StaticFile | null> {
  const segments = decodeSegments(urlPath === '/' ? '/index.html' : urlPath);
  const type = segments === null ? undefined : TYPES[extname(segments.at(-1) ?? '')];
  if (segments === null || type === undefined) return null;
  try {
    const [inside, path] = await Promise.all([realpath(root), realpath(join(root, ...segments) + ending)]);
    if (!path.startsWith(inside + sep)) return null;
    return { type, body: await readFile(path) };
  } catch {
    return null; // missing, a folder, or not readable: all the same to who asks
  }
}

/** Plain names only: no empty, `.` or `..` segment, no separator or NUL, encoded or not. */
function decodeSegments(urlPath: string): string[] | null {
  if (!urlPath.startsWith('/')) return null;
  const segments: string[] = [];
  for (const raw of urlPath.slice(1).split('/')) {
    const name = decode(raw);
    if (name === null || name === '' || name === '.' || name === '..' || /[/\\\0:]/.test(name)) return null;
    segments.push(name);
  }
  return segments;
}

function decode(segment: string): string | null {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null; // not valid percent-encoding
  }
}
