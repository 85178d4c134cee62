import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checkTarget } from '../../../native-worker/cli/save-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'edm2-target-'));
afterAll(() => rmSync(folder, { recursive: true }));

const forbidden = expect.objectContaining({ code: 'forbidden' }) as Error;

test('a place that can be written is found so, and nothing is left there', () => {
  checkTarget(join(folder, 'new', 'x.png'));
  expect(readdirSync(join(folder, 'new'))).toEqual([]);
});

test('a folder under its name, or a file in the place of its folder, is noticed', () => {
  mkdirSync(join(folder, 'taken.png'));
  writeFileSync(join(folder, 'file'), '');
  expect(() => checkTarget(join(folder, 'taken.png'))).toThrow(forbidden);
  expect(() => checkTarget(join(folder, 'file', 'x.png'))).toThrow(forbidden);
});

test.skipIf(process.platform !== 'linux')('a file system that takes no files is noticed, even by root', () => {
  expect(() => checkTarget('/proc/x.png')).toThrow(forbidden);
  expect(() => checkTarget('/sys/x.png')).toThrow(forbidden);
});
