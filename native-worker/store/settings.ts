import type { Database } from 'better-sqlite3';
import { Settings } from '../../contract/app.ts';
import { statement, write } from './statements.ts';

/** Table `settings`: one row per setting that differs from its default, its value as JSON. */

/** A stored value that this version no longer understands falls back to its default. */
export function readSettings(db: Database): Settings {
  const rows = statement<[], { name: string; value: string }>(db, 'SELECT name, value FROM settings').all();
  const defaults = Settings.parse({});
  return rows.reduce<Settings>((settings, { name, value }) => {
    if (!(name in defaults)) return settings;
    const changed = Settings.safeParse({ ...settings, [name]: parsed(value) });
    return changed.success ? changed.data : settings;
  }, defaults);
}

/** Changes what is given, leaves the rest, and returns all. */
export function writeSettings(
  db: Database,
  change: { [Name in keyof Settings]?: Settings[Name] | undefined },
): Settings {
  return write(db, () => {
    const insert = statement(db, 'INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)');
    for (const [name, value] of Object.entries(change)) {
      if (value !== undefined) insert.run(name, JSON.stringify(value));
    }
    return readSettings(db);
  });
}

/** A fact that the service itself remembers ("the demo set was added"); not a setting of the user. null: it does not. */
export function readNote(db: Database, name: string): unknown {
  const text = statement<[string], string>(db, 'SELECT value FROM settings WHERE name = ?').pluck().get(`note.${name}`);
  return text === undefined ? null : (parsed(text) ?? null);
}

export function writeNote(db: Database, name: string, value: unknown): void {
  statement(db, 'INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)').run(
    `note.${name}`,
    JSON.stringify(value),
  );
}

/** undefined: it is no JSON, so nothing that this version wrote. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
