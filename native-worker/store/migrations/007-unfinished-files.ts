import type { Migration } from '../migrate.ts';

/** Files on their way into the library or out of it: the only ones that a start may delete. */
export const unfinishedFiles: Migration = {
  version: 7,
  up: (db) =>
    db.exec(`
      CREATE TABLE unfinished_files (
        file TEXT NOT NULL PRIMARY KEY   -- relative path; a row that knows it is about to come, or has just gone
      ) STRICT, WITHOUT ROWID;
    `),
};
