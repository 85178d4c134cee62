import type { Migration } from '../migrate.ts';

/** What guided a sheet, and in which precision it was drawn. */
export const guidance: Migration = {
  version: 3,
  up: (db) =>
    db.exec(`
      ALTER TABLE samples ADD COLUMN guidance TEXT CHECK (guidance IS NULL OR json_valid(guidance));   -- JSON: UsedGuidance; NULL: none
      ALTER TABLE samples ADD COLUMN precision TEXT NOT NULL DEFAULT 'fp32' CHECK (precision IN ('fp32', 'bf16', 'fp16'));   -- of the network's activations
    `),
};
