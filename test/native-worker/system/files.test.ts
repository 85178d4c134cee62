import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeOwn } from '../../../native-worker/system/files.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-files-'));
  file = join(folder, 'service.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a file that says what we wrote is removed, one that somebody else has written since stays', () => {
  writeFileSync(file, 'ours');
  removeOwn(file, 'ours');
  expect(existsSync(file)).toBe(false);
  writeFileSync(file, 'theirs');
  removeOwn(file, 'ours');
  expect(readFileSync(file, 'utf8')).toBe('theirs');
});
