import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadBounds, saveBounds } from '../../main/window-state.ts';

const screen = [{ x: 0, y: 0, width: 1920, height: 1080 }];
let folder: string;
let file: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-window-'));
  file = join(folder, 'window.json');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a window opens where it was closed', () => {
  saveBounds(file, { x: 40, y: 50, width: 1200, height: 800 });
  expect(loadBounds(file, screen)).toEqual({ x: 40, y: 50, width: 1200, height: 800 });
});

test('a window whose display is gone keeps its size and leaves the place to the system', () => {
  saveBounds(file, { x: 3000, y: 50, width: 1200, height: 800 });
  expect(loadBounds(file, screen)).toEqual({ width: 1200, height: 800 });
});

test.each(['', 'x', '{}', '[1]', '{"x":0,"y":0,"width":10,"height":10}', '{"x":0,"y":0,"width":1e9,"height":800}'])(
  'a file of no use gives the size of a first start: %s',
  (text) => {
    writeFileSync(file, text);
    expect(loadBounds(file, screen)).toEqual({ width: 1360, height: 900 });
  },
);

test('a folder that can not be written to is no reason to fail', () => {
  expect(() => saveBounds(join(folder, 'missing/window.json'), { x: 0, y: 0, width: 900, height: 600 })).not.toThrow();
});
