import { shell } from 'electron';
import { parseUrl } from './origin.ts';

/** Where the links on the About page lead. */
const knownHosts: ReadonlySet<string> = new Set([
  'arxiv.org',
  'creativecommons.org',
  'github.com',
  'www.npmjs.com',
  'www.tensorflow.org',
]);

/** Whether a link may be given to the system's browser: https to a host we know, without credentials or a port. */
export function mayOpenOutside(link: string): boolean {
  const url = parseUrl(link);
  return (
    url !== null &&
    url.protocol === 'https:' &&
    knownHosts.has(url.hostname) &&
    url.port === '' &&
    url.username === '' &&
    url.password === ''
  );
}

/** Opens a link in the system's browser if it may be; the only place that does. */
export async function openOutside(link: string): Promise<boolean> {
  if (!mayOpenOutside(link)) return false;
  await shell.openExternal(link);
  return true;
}
