import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findAppFile, listAppFiles, servicePath, type AppFile } from '../../main/app-files.ts';

let base: string;
let files: ReadonlyMap<string, AppFile>;

beforeAll(() => {
  base = mkdtempSync(join(tmpdir(), 'edm2-files-'));
  mkdirSync(join(base, 'renderer/assets'), { recursive: true });
  writeFileSync(join(base, 'renderer/index.html'), 'page');
  writeFileSync(join(base, 'renderer/assets/a.js'), 'script');
  writeFileSync(join(base, 'secret.txt'), 'secret');
  symlinkSync(join(base, 'secret.txt'), join(base, 'renderer/link.txt'));
  symlinkSync(base, join(base, 'renderer/up'));
  files = listAppFiles(join(base, 'renderer'));
});

afterAll(() => rmSync(base, { recursive: true, force: true }));

test('the page and its files are found, with their types', () => {
  expect(findAppFile(files, 'app://edm2/')).toMatchObject({ contentType: 'text/html; charset=utf-8' });
  expect(findAppFile(files, 'app://edm2/index.html#/runs/1')).not.toBeNull();
  expect(findAppFile(files, 'app://edm2/assets/a.js?x')).toMatchObject({
    contentType: 'text/javascript; charset=utf-8',
  });
});

test.each([
  'app://edm2/../secret.txt',
  'app://edm2/%2e%2e/secret.txt',
  'app://edm2/..%2fsecret.txt',
  'app://edm2/assets/..%5c..%5csecret.txt',
  'app://edm2/%2e%2e%2fsecret.txt',
  'app://edm2//etc/passwd',
  'app://edm2/%2fetc%2fpasswd',
  'app://edm2/C:/windows/win.ini',
  'app://edm2/link.txt',
  'app://edm2/up/secret.txt',
  'app://edm2/index.html%00.txt',
  'app://edm2/assets',
  'app://edm2/__proto__',
  'app://other/index.html',
  'file:///etc/passwd',
  'no url',
])('nothing outside the page is found: %s', (url) => {
  expect(findAppFile(files, url)).toBeNull();
  expect(servicePath(url)).toBeNull();
});

test('whatever path is asked for, only files of the page answer', () => {
  const own = new Set([...files.values()].map((file) => file.path));
  fc.assert(
    fc.property(fc.webPath(), (path) => {
      const found = findAppFile(files, `app://edm2${path}`);
      return found === null || own.has(found.path);
    }),
  );
});

test('pictures of the library are asked for by ids alone', () => {
  expect(servicePath('app://edm2/files/samples/12.png')).toBe('/files/samples/12.png');
  expect(servicePath('app://edm2/files/datasets/3/pictures/0.png?v=1')).toBe('/files/datasets/3/pictures/0.png');
  expect(servicePath('app://edm2/files/profiles/4.json')).toBe('/files/profiles/4.json');
  expect(servicePath('app://edm2/files/runs/3,12/numbers.csv')).toBe('/files/runs/3,12/numbers.csv');
  expect(servicePath('app://edm2/files/runs/3/tensorboard')).toBe('/files/runs/3/tensorboard');
});

test.each([
  'app://edm2/files/../library.sqlite',
  'app://edm2/files/samples/%2e%2e/1.png',
  'app://edm2/files/samples/..%2f1.png',
  'app://edm2/files/samples/1.png/../../x',
  'app://edm2/files/library.sqlite',
  'app://edm2/files/samples/1.json',
  'app://edm2/files/profiles/../1.json',
  'app://edm2/files/runs/3,/ticks.csv',
  'app://edm2/files/runs/3/ticks.sqlite',
  'app://edm2/rpc',
  'app://other/files/samples/1.png',
])('a picture can not be asked for by a path: %s', (url) => {
  expect(servicePath(url)).toBeNull();
});
