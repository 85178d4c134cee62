import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { packagesAreCurrent } from '../../scripts/lib/packages.mjs';

const folder = mkdtempSync(join(tmpdir(), 'edm2-packages-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Packages = Record<string, { version?: string; integrity?: string; optional?: boolean }>;

const wanted: Packages = {
  '': {},
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/b': { version: '2.0.0', integrity: 'sha512-b', optional: true },
};

/** Writes both lock files and compares them; null: nothing is installed. */
function current(installed: Packages | null): boolean {
  const [lock, hidden] = [join(folder, 'lock.json'), join(folder, 'hidden.json')];
  writeFileSync(lock, JSON.stringify({ packages: wanted }));
  rmSync(hidden, { force: true });
  if (installed !== null) writeFileSync(hidden, JSON.stringify({ packages: installed }));
  return packagesAreCurrent(lock, hidden);
}

const { 'node_modules/a': a, 'node_modules/b': b } = wanted as Required<Packages>;

test.each<[string, Packages | null, boolean]>([
  ['everything is there', { 'node_modules/a': a!, 'node_modules/b': b! }, true],
  ['an optional package of another platform is left out', { 'node_modules/a': a! }, true],
  ['nothing is installed', null, false],
  ['a package is missing', { 'node_modules/b': b! }, false],
  ['a package has another version', { 'node_modules/a': { ...a!, version: '1.0.1' } }, false],
  ['a package has other contents', { 'node_modules/a': { ...a!, integrity: 'sha512-x' } }, false],
  [
    'a package is there that is not wanted any more',
    { 'node_modules/a': a!, 'node_modules/old': { version: '1.0.0' } },
    false,
  ],
])('packages are compared with the lock: %s', (_what, installed, expected) => {
  expect(current(installed)).toBe(expected);
});
