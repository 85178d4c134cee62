import type { Migration } from '../migrate.ts';

/** How runs are trained on several machines, and how often in a row a training job lost one. */
export const machines: Migration = {
  version: 17,
  up: (db) =>
    db.exec(`
      -- JSON: Across; NULL: this machine alone, as all runs before
      ALTER TABLE runs ADD COLUMN across TEXT CHECK (across IS NULL OR json_valid(across));
      -- since a step was taken; above 0: its process waits until all machines are there
      ALTER TABLE jobs ADD COLUMN losses INTEGER NOT NULL DEFAULT 0;
    `),
};
