import type { Database, Statement } from 'better-sqlite3';

const prepared = new WeakMap<Database, Map<string, Statement>>();

/**
 * A statement of this connection, compiled at its first use only.
 *
 * @param sql a constant text: every other text stays in memory as long as the connection does
 */
export function statement<Parameters extends unknown[], Row = unknown>(
  db: Database,
  sql: string,
): Statement<Parameters, Row> {
  let ofConnection = prepared.get(db);
  if (ofConnection === undefined) {
    ofConnection = new Map();
    prepared.set(db, ofConnection);
  }
  let found = ofConnection.get(sql);
  if (found === undefined) {
    found = db.prepare(sql);
    ofConnection.set(sql, found);
  }
  return found as Statement<Parameters, Row>;
}

/**
 * Runs writes as one transaction that takes the write lock at once. (One that only read so far would fail with
 * SQLITE_BUSY_SNAPSHOT as soon as it writes after somebody else did, whatever the timeout.) Joins a transaction that
 * is already open.
 */
export function write<T>(db: Database, run: () => T): T {
  return db.inTransaction ? run() : db.transaction(run).immediate();
}

/** What a REAL column holds for a measurement: SQLite has no NaN, and JSON no infinity; both are "not finite" (null). */
export function measured(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null;
}

/** The id of the row that was just inserted. */
export function insertedId(result: { lastInsertRowid: number | bigint }): number {
  return Number(result.lastInsertRowid);
}
