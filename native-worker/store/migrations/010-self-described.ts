import type { Migration } from '../migrate.ts';

/**
 * Files say of themselves what they are: run, moment, length and kind in a header. Those of earlier versions don't, and are
 * listed in `run.json`.
 */
export const selfDescribed: Migration = {
  version: 10,
  up: (db) => {
    for (const table of ['snapshots', 'checkpoints', 'samples']) {
      // 1: the file says what it is
      db.exec(
        `ALTER TABLE ${table} ADD COLUMN self_described INTEGER NOT NULL DEFAULT 0 CHECK (self_described IN (0, 1))`,
      );
    }
  },
};
