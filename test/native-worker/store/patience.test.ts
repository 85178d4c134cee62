import { afterEach, beforeEach, expect, test } from 'vitest';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../../contract/errors.ts';
import { openLibrary, type Library } from '../../../native-worker/store/library.ts';
import { patiently } from '../../../native-worker/store/patience.ts';
import { readSettings, writeSettings } from '../../../native-worker/store/settings.ts';
import { holdIndex } from '../../support/hold-index.ts';

/** The one that holds the lock is a process of its own. */

let folder: string;
let library: Library;
let letGo: () => Promise<void> = () => Promise.resolve();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-patience-'));
  library = openLibrary(folder, { migrate: true });
});
afterEach(async () => {
  await letGo();
  library.close();
  rmSync(folder, { recursive: true, force: true });
});

test('what meets a locked index is done when the lock is gone, and the process answers meanwhile', async () => {
  letGo = await holdIndex(folder);
  const waits: string[] = [];
  let done = false;
  const written = patiently(() => writeSettings(library.db, { threads: 3 }), {
    onWait: (why) => waits.push(why),
  }).then(() => (done = true));
  // Reading needs no lock, and timers run: nobody stands still.
  for (let timer = 0; timer < 10; timer++) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(readSettings(library.db).threads).toBeNull();
  expect(done).toBe(false);
  await letGo();
  await written;
  expect(readSettings(library.db).threads).toBe(3);
  expect(waits).toEqual([expect.stringContaining('Another program keeps the library')]);
});

test('patience that ends is a sentence', async () => {
  letGo = await holdIndex(folder);
  await expect(patiently(() => writeSettings(library.db, { threads: 3 }), { forMs: 100 })).rejects.toMatchObject({
    code: 'library-in-use',
    message: expect.stringMatching(/Another program keeps .* locked\. Close it/) as string,
  });
});

test('who does not want to wait any more need not', async () => {
  letGo = await holdIndex(folder);
  const over = new AbortController();
  const waiting = patiently(() => writeSettings(library.db, { threads: 3 }), {
    signal: over.signal,
    onWait: () => over.abort(),
  });
  await expect(waiting).rejects.toMatchObject({ code: 'library-in-use' });
});

test('anything else that fails fails at once; a full disk is waited for only where that was asked for', async () => {
  let tries = 0;
  const refused = (): void => {
    tries += 1;
    throw new AppError('no-space', 'The disk is full.');
  };
  await expect(patiently(refused)).rejects.toMatchObject({ code: 'no-space' });
  expect(tries).toBe(1);
  const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
  let fills = 1;
  const work = (): string => {
    if (fills-- > 0) throw full;
    return 'written';
  };
  expect(await patiently(work, { forRoom: true })).toBe('written');
});

test('an index that is locked while it is opened is opened when it is free', async () => {
  library.close();
  letGo = await holdIndex(folder);
  const opening = patiently(() => openLibrary(folder));
  await letGo();
  library = await opening;
  expect(readSettings(library.db).threads).toBeNull();
});
