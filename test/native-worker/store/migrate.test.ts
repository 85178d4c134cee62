import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openLibrary } from '../../../native-worker/store/library.ts';
import { listBackups, schemaVersion, type Migration } from '../../../native-worker/store/migrate.ts';
import { migrations } from '../../../native-worker/store/migrations/all.ts';
import { databasePath } from '../../../native-worker/store/paths.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'edm2-migrate-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const first: Migration = { version: 1, up: (db) => db.exec('CREATE TABLE a (x INTEGER NOT NULL) STRICT') };
const second: Migration = { version: 2, up: (db) => db.exec('ALTER TABLE a ADD COLUMN y INTEGER') };
const third: Migration = { version: 3, up: (db) => db.exec('CREATE TABLE b (z TEXT) STRICT') };
const failing: Migration = {
  version: 3,
  up: (db) => {
    db.exec('CREATE TABLE b (z TEXT) STRICT; DELETE FROM a;');
    throw new Error('the step fails');
  },
};

test("the app's own steps are numbered from 1 without a gap", () => {
  expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1));
});

test('a new library needs no backup', () => {
  openLibrary(folder, { migrate: true, steps: [first, second] }).close();
  expect(listBackups(folder)).toEqual([]);
});

test('before each step of an existing library its content is copied, readable and whole', () => {
  const old = openLibrary(folder, { migrate: true, steps: [first] });
  old.db.exec('INSERT INTO a VALUES (42)');
  old.close();
  const library = openLibrary(folder, { migrate: true, steps: [first, second, third] });
  expect(schemaVersion(library.db)).toBe(3);
  expect(library.db.prepare('SELECT x, y FROM a').get()).toEqual({ x: 42, y: null });
  library.close();
  const versions = listBackups(folder).map((path) => {
    const backup = new Database(path, { readonly: true });
    const found = [schemaVersion(backup), backup.prepare('SELECT x FROM a').pluck().get()];
    expect(backup.pragma('integrity_check', { simple: true })).toBe('ok');
    backup.close();
    return found;
  });
  expect(versions).toEqual([
    [1, 42],
    [2, 42],
  ]);
});

test('only the last three backups are kept', () => {
  const steps: Migration[] = [first];
  openLibrary(folder, { migrate: true, steps }).close();
  for (let version = 2; version <= 7; version++) {
    steps.push({ version, up: (db) => db.exec(`CREATE TABLE t${version} (x TEXT) STRICT`) });
    openLibrary(folder, { migrate: true, steps: [...steps] }).close();
  }
  expect(listBackups(folder).map((path) => /-v(\d+)\.sqlite$/.exec(path)?.[1])).toEqual(['4', '5', '6']);
});

test('a clock on the wall that was set back makes the newest backup no older', () => {
  const steps: Migration[] = [first];
  openLibrary(folder, { migrate: true, steps: [...steps] }).close();
  try {
    for (let version = 2; version <= 7; version++) {
      vi.useFakeTimers({ now: Date.UTC(2040 - version, 0), toFake: ['Date'] });
      steps.push({ version, up: (db) => db.exec(`CREATE TABLE t${version} (x TEXT) STRICT`) });
      openLibrary(folder, { migrate: true, steps: [...steps] }).close();
    }
  } finally {
    vi.useRealTimers();
  }
  expect(listBackups(folder).map((path) => /-v(\d+)\.sqlite$/.exec(path)?.[1])).toEqual(['4', '5', '6']);
});

test('a step that fails leaves the version before it, with all its content', () => {
  const old = openLibrary(folder, { migrate: true, steps: [first, second] });
  old.db.exec('INSERT INTO a VALUES (42, 1)');
  old.close();
  expect(() => openLibrary(folder, { migrate: true, steps: [first, second, failing] })).toThrow('the step fails');
  const again = openLibrary(folder, { migrate: true, steps: [first, second] });
  expect(schemaVersion(again.db)).toBe(2);
  expect(again.db.prepare('SELECT count(*) FROM a').pluck().get()).toBe(1);
  again.close();
});

test('steps out of order are a bug that is seen at once', () => {
  expect(() => openLibrary(folder, { migrate: true, steps: [first, third] })).toThrow('migration 3 is at place 2');
});

test('a process that is killed in the middle of a step leaves the version before it', async () => {
  const old = openLibrary(folder, { migrate: true, steps: [first] });
  old.db.exec('INSERT INTO a VALUES (42)');
  old.close();
  const script = join(folder, 'migrate-and-die.ts');
  const library = new URL('../../../native-worker/store/library.ts', import.meta.url).href;
  writeFileSync(
    script,
    `import { openLibrary } from ${JSON.stringify(library)};
     const first = { version: 1, up: () => undefined };
     const second = { version: 2, up: (db) => {
       db.exec('CREATE TABLE b (z TEXT) STRICT; UPDATE a SET x = 0;');
       process.kill(process.pid, 'SIGKILL');
     } };
     openLibrary(${JSON.stringify(folder)}, { migrate: true, steps: [first, second] });`,
  );
  const signal = await new Promise((resolve) => {
    spawn(process.execPath, [script]).on('exit', (_, ended) => resolve(ended));
  });
  expect(signal).toBe('SIGKILL');
  const db = new Database(databasePath(folder));
  expect(schemaVersion(db)).toBe(1);
  expect(db.prepare('SELECT x FROM a').pluck().all()).toEqual([42]);
  expect(db.prepare(`SELECT count(*) FROM sqlite_schema WHERE name = 'b'`).pluck().get()).toBe(0);
  db.close();
});
