import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MOST_VIEWS } from '../../../contract/views.ts';
import { deleteView, putView, readViews, renameView, type KeptView } from '../../../native-worker/store/views.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'edm2-views-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const view = (name: string, look = 'x=steps'): KeptView => ({ name, look, runs: [{ id: 2, name: 'C', createdAt: 9 }] });
const names = (): string[] => readViews(folder).map(({ name }) => name);

test('views are kept by name, and one of the same name gives way only when that was asked', () => {
  expect(readViews(folder)).toEqual([]);
  putView(folder, view('seed 10'), false);
  putView(folder, view('seed 9'), false);
  expect(names()).toEqual(['seed 9', 'seed 10']);
  expect(readViews(folder)[0]).toEqual(view('seed 9'));
  expect(() => putView(folder, view('u\u0308'), false)).not.toThrow();
  expect(() => putView(folder, view('\u00fc', 'x=time'), false)).toThrow(/There is a view "ü" already/);
  putView(folder, view('\u00fc', 'x=time'), true);
  expect(readViews(folder).at(-1)!.look).toBe('x=time');
  expect(names()).toHaveLength(3);
});

test('a view is renamed to what no other is called, and deleted once', () => {
  for (const name of ['a', 'b']) putView(folder, view(name), false);
  expect(() => renameView(folder, 'a', 'b')).toThrow(/There is a view "b" already/);
  renameView(folder, 'a', 'A');
  expect(names()).toEqual(['A', 'b']);
  deleteView(folder, 'b');
  for (const gone of [() => deleteView(folder, 'b'), () => renameView(folder, 'b', 'c')])
    expect(gone).toThrow(/There is no view "b"/);
});

test('more views than a menu can hold are refused, and a file that can’t be read is said by name and left as it is', () => {
  writeFileSync(
    join(folder, 'views.json'),
    JSON.stringify({ views: Array.from({ length: MOST_VIEWS }, (_, at) => view(`view ${at}`)) }),
  );
  expect(() => putView(folder, view('one more'), false)).toThrow(/200 views at most/);
  putView(folder, view('view 7', 'x=time'), true);
  writeFileSync(join(folder, 'views.json'), '{"views": [');
  for (const act of [() => readViews(folder), () => putView(folder, view('a'), true)])
    expect(act).toThrow(/views.json, .*can't be read/);
});
