import type { Migration } from '../migrate.ts';

/** A job that failed says of what kind its failure was, for programs. */
export const jobErrorCode: Migration = {
  version: 5,
  up: (db) => {
    db.exec(`
      ALTER TABLE jobs ADD COLUMN error_code TEXT;   -- one of the contract's codes; NULL: it did not fail, or is older
    `);
  },
};
