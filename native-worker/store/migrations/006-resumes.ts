import type { Migration } from '../migrate.ts';

/** Where runs went on after a pause; charts mark it. */
export const resumes: Migration = {
  version: 6,
  up: (db) =>
    db.exec(`
      CREATE TABLE resumes (
        run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        nimg   INTEGER NOT NULL CHECK (nimg > 0),   -- training images of the checkpoint that it went on from
        at     INTEGER NOT NULL,
        PRIMARY KEY (run_id, nimg, at)
      ) STRICT, WITHOUT ROWID;
    `),
};
