import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';

/**
 * Where the program's own files lie: in a checkout the TypeScript sources, which Node runs as they are; in a package
 * JavaScript in the same folders.
 */

/** @throws {Error} if none is there: the program was not built or packed completely */
function firstOf(places: readonly string[]): string {
  const paths = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Error(`none of these is there: ${paths.join(', ')}`);
  return found;
}

/** What a job process runs. */
export const jobScript = (): string => firstOf(['../jobs/main.ts', '../jobs/main.js']);

/** What a process that measures speed runs. */
export const benchScript = (): string => firstOf(['../jobs/bench/main.ts', '../jobs/bench/main.js']);

/** What a process that measures where the time of a step goes runs. */
export const profileScript = (): string => firstOf(['../jobs/profile/main.ts', '../jobs/profile/main.js']);

/** What a process that computes the 2D toy runs. */
export const toyScript = (): string => firstOf(['../jobs/toy/main.ts', '../jobs/toy/main.js']);

/** What a service process runs. */
export const serviceScript = (): string => firstOf(['./main.ts', './main.js']);

/** The built pages; null if they were not built. */
export function pagesFolder(): string | null {
  try {
    const index = firstOf(['../../dist/renderer/index.html']);
    return index.slice(0, -'/index.html'.length);
  } catch {
    return null; // a checkout before `npm run build`
  }
}

/** The app's version. */
export function appVersion(): string {
  const path = firstOf(['../../package.json']);
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(path, 'utf8'))).version;
}
