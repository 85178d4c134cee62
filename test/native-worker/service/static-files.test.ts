import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStatic } from '../../../native-worker/service/static-files.ts';

let folder: string;
let root: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-static-'));
  root = join(folder, 'pages');
  mkdirSync(join(root, 'assets'), { recursive: true });
  writeFileSync(join(root, 'index.html'), 'page');
  writeFileSync(join(root, 'assets', 'a b.js'), 'script');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  mkdirSync(join(folder, 'pages-too'));
  writeFileSync(join(folder, 'pages-too', 'x.txt'), 'secret');
  symlinkSync(join(folder, 'secret.txt'), join(root, 'link.txt'));
  symlinkSync(folder, join(root, 'up'));
  symlinkSync(join(folder, 'pages-too'), join(root, 'neighbour'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('files of the folder are read, encoded names too', async () => {
  expect((await readStatic(root, '/'))?.body.toString()).toBe('page');
  expect(await readStatic(root, '/assets/a%20b.js')).toMatchObject({ type: 'text/javascript; charset=utf-8' });
});

test.each(['/link.txt', '/up/secret.txt', '/neighbour/x.txt', '/../pages-too/x.txt'])(
  'links lead nowhere: %s',
  async (path) => {
    expect(await readStatic(root, path)).toBeNull();
  },
);

test('no path at all gets out of the folder', async () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '..',
      '.',
      '%2e%2e',
      '%2E.',
      '/',
      '%2f',
      '\\',
      '%5c',
      '\0',
      '%00',
      'up',
      'secret.txt',
      'pages',
      'assets',
      '',
    ),
    fc.string({ maxLength: 6 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), fc.constantFrom('', '/'), async (pieces, glue) => {
      const found = await readStatic(root, `/${pieces.join(glue)}`);
      expect(found?.body.toString() ?? 'nothing').not.toBe('secret');
    }),
    { numRuns: 2000 },
  );
});
