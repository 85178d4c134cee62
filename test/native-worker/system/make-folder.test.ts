import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder } from '../../../native-worker/system/make-folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-make-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a folder is made with all above it, and once more', () => {
  const path = join(folder, 'a', 'b', 'c');
  makeFolder(path);
  makeFolder(path);
  expect(existsSync(path)).toBe(true);
});

test('where the system says that there is no such folder the answer comes back', () => {
  // Node's own recursive mkdir never does: /proc answers with ENOENT whatever is above. Elsewhere it is refused otherwise.
  expect(() => makeFolder('/proc/edm2-none/a/b')).toThrow(expect.objectContaining({ syscall: 'mkdir' }));
});
