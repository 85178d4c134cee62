import { resolve } from 'node:path';

/**
 * A path as the user meant it. `npm run edm2 -- …` runs in the checkout's folder and tells in INIT_CWD where the user
 * was.
 */
export function userPath(path: string): string {
  const base = process.env.npm_lifecycle_event === 'edm2' ? process.env.INIT_CWD : undefined;
  return resolve(base ?? process.cwd(), path);
}
