import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AppError } from '../../../contract/errors.ts';
import { openLibrary, type Library } from '../../../native-worker/store/library.ts';
import { databasePath, insideLibrary, OPEN_MARKER } from '../../../native-worker/store/paths.ts';
import { readSettings, writeSettings } from '../../../native-worker/store/settings.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'edm2-store-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
  return 'no error';
}

function settingsOf({ db }: Library): Record<string, unknown> {
  return {
    journal: db.pragma('journal_mode', { simple: true }),
    synchronous: db.pragma('synchronous', { simple: true }),
    foreignKeys: db.pragma('foreign_keys', { simple: true }),
    timeout: db.pragma('busy_timeout', { simple: true }),
  };
}

test('every connection, first, later or of a job, is WAL, synchronous FULL (2), with foreign keys and patience', () => {
  const expected = { journal: 'wal', synchronous: 2, foreignKeys: 1, timeout: 50 };
  const first = openLibrary(folder, { migrate: true });
  expect(settingsOf(first)).toEqual(expected);
  const job = openLibrary(folder);
  expect(settingsOf(job)).toEqual(expected);
  job.close();
  first.close();
  const again = openLibrary(folder, { migrate: true });
  expect(settingsOf(again)).toEqual(expected); // the driver would open it with NORMAL (1) now
  again.close();
});

test('SQLite is one without the WAL-reset bug (3.51.3 or newer)', () => {
  const library = openLibrary(folder, { migrate: true });
  const [major = 0, minor = 0, patch = 0] = (library.db.prepare('SELECT sqlite_version()').pluck().get() as string)
    .split('.')
    .map(Number);
  expect(major * 1e6 + minor * 1e3 + patch).toBeGreaterThanOrEqual(3_051_003);
  library.close();
});

test('every table is STRICT: a text does not get into a number column', () => {
  const library = openLibrary(folder, { migrate: true });
  const loose = library.db
    .prepare(
      `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'`,
    )
    .pluck()
    .all();
  expect(loose).toEqual([]);
  library.close();
});

test('a library of a newer EDM2 Studio is refused to service and job alike, and not touched', () => {
  openLibrary(folder, { migrate: true }).close();
  const db = new Database(databasePath(folder));
  db.pragma('user_version = 999');
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  const before = readFileSync(databasePath(folder));
  expect(codeOf(() => openLibrary(folder, { migrate: true }))).toBe('newer-library');
  expect(codeOf(() => openLibrary(folder))).toBe('newer-library');
  expect(readFileSync(databasePath(folder)).equals(before)).toBe(true);
});

test('a job never creates a library, and never migrates an old one', () => {
  expect(codeOf(() => openLibrary(join(folder, 'nowhere')))).toBe('not-found');
  const db = new Database(databasePath(folder));
  db.close();
  expect(codeOf(() => openLibrary(folder))).toBe('conflict');
});

test('a damaged index is named as such, with what to do, and stays where it is', () => {
  writeFileSync(databasePath(folder), 'this is not a database, but long enough to be read as one'.repeat(100));
  expect(codeOf(() => openLibrary(folder, { migrate: true }))).toBe('index-lost');
  expect(readFileSync(databasePath(folder), 'utf8')).toContain('this is not a database');
});

test('an index with a torn page is found at the start after an unclean end', () => {
  const library = openLibrary(folder, { migrate: true });
  library.db.exec(`INSERT INTO settings VALUES ('x', '${JSON.stringify('y'.repeat(200_000))}')`);
  library.close();
  const bytes = readFileSync(databasePath(folder));
  bytes.fill(0xab, 8192, 16_384); // two pages of the schema's tables
  writeFileSync(databasePath(folder), bytes);
  writeFileSync(join(folder, OPEN_MARKER), '');
  expect(codeOf(() => openLibrary(folder, { migrate: true }))).toBe('index-lost');
});

test('a holder that closes is told from one that does not', () => {
  const first = openLibrary(folder, { migrate: true });
  expect(first.uncleanEnd).toBe(false);
  expect(existsSync(join(folder, OPEN_MARKER))).toBe(true);
  first.db.close(); // as a crash would: the connection is gone, the marker stays
  const second = openLibrary(folder, { migrate: true });
  expect(second.uncleanEnd).toBe(true);
  second.close();
  const third = openLibrary(folder, { migrate: true });
  expect(third.uncleanEnd).toBe(false);
  third.close();
});

test('closing leaves everything in one file', () => {
  const library = openLibrary(folder, { migrate: true });
  writeSettings(library.db, { theme: 'dark' });
  library.close();
  expect(existsSync(`${databasePath(folder)}-wal`)).toBe(false);
  const again = openLibrary(folder, { migrate: true });
  expect(readSettings(again.db).theme).toBe('dark');
  again.close();
});

test('a setting that is changed leaves the others as they are', () => {
  const library = openLibrary(folder, { migrate: true });
  writeSettings(library.db, { theme: 'dark', threads: 3 });
  expect(writeSettings(library.db, { notifications: false })).toEqual({
    theme: 'dark',
    runtime: null,
    threads: 3,
    gpu: null,
    compile: 'none',
    deterministic: false,
    notifications: false,
    listen: null,
    singleKeys: true,
  });
  library.close();
});

test('a stored setting that makes no sense to this version falls back to its default', () => {
  const library = openLibrary(folder, { migrate: true });
  library.db.exec(`INSERT INTO settings VALUES ('theme', '"sepia"'), ('threads', '7'), ('unheard-of', '1')`);
  expect(readSettings(library.db)).toMatchObject({ theme: 'system', threads: 7 });
  library.close();
});

test.each(['../outside', '/etc/passwd', 'files/../../outside', 'files/\0x'])(
  'a row that names a file outside the library (%j) is refused',
  (path) => {
    expect(codeOf(() => insideLibrary(folder, path))).toBe('forbidden');
  },
);
