import { fork, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { takeLock } from '../../../native-worker/system/process-lock.ts';
import { root } from '../../support/root.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'edm2-lock-'));
  path = join(folder, 'held');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A process that takes the lock and says whether it got it. */
async function other(): Promise<{ child: ChildProcess; got: boolean; killed: () => Promise<void> }> {
  const script = join(folder, 'other.ts');
  const module = pathToFileURL(join(root, 'native-worker/system/process-lock.ts')).href;
  writeFileSync(
    script,
    `import { takeLock } from ${JSON.stringify(module)};
     process.send(takeLock(${JSON.stringify(path)}) !== null);
     setInterval(() => undefined, 1000);`,
  );
  const child = fork(script);
  const got = await new Promise<boolean>((resolve) => child.once('message', (message) => resolve(message === true)));
  const killed = (): Promise<void> =>
    new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });
  return { child, got, killed };
}

test('of two processes one has the lock, and when that one is killed the other gets it at once', async () => {
  const first = await other();
  expect(first.got).toBe(true);
  expect(takeLock(path)).toBeNull();
  await first.killed();
  const ours = takeLock(path);
  expect(ours).not.toBeNull();
  const second = await other();
  expect(second.got).toBe(false);
  await second.killed();
  ours!.release();
});

test('what an earlier holder left behind does not hold: the lock is the system’s, not the file’s', () => {
  takeLock(path)!.release();
  const again = takeLock(path);
  expect(again?.stillThere()).toBe(true);
  again!.release();
});

test('a lock whose folder was moved, removed, or made anew is no longer there', () => {
  const place = join(folder, 'place');
  mkdirSync(place);
  const lock = takeLock(join(place, 'held'))!;
  renameSync(place, join(folder, 'elsewhere'));
  expect(lock.stillThere()).toBe(false);
  mkdirSync(place);
  const successor = takeLock(join(place, 'held'))!;
  expect(lock.stillThere()).toBe(false);
  expect(successor.stillThere()).toBe(true);
  lock.release();
  successor.release();
});

test('a file that is no database is told, not taken', () => {
  writeFileSync(path, 'x'.repeat(5000));
  expect(() => takeLock(path)).toThrow(expect.objectContaining({ code: 'SQLITE_NOTADB' }));
});
