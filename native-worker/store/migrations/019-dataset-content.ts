import type { Migration } from '../migrate.ts';

/** What a dataset's pictures are, whatever it is called: pictures that were lost are known again when they come back. */
export const datasetContent: Migration = {
  version: 19,
  up: (db) =>
    db.exec(`
      -- SHA-256 of pictures, labels and names of classes; NULL: taken in by an earlier version
      ALTER TABLE datasets ADD COLUMN content_sha256 TEXT;
    `),
};
