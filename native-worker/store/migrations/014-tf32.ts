import type { Migration } from '../migrate.ts';

/** A sheet may have been drawn in TF32. A column's check can't be changed, so the column is made anew. */
export const tf32: Migration = {
  version: 14,
  up: (db) =>
    db.exec(`
      ALTER TABLE samples ADD COLUMN new_precision TEXT NOT NULL DEFAULT 'fp32'
        CHECK (new_precision IN ('fp32', 'tf32', 'bf16', 'fp16'));   -- of the network's activations
      UPDATE samples SET new_precision = precision;
      ALTER TABLE samples DROP COLUMN precision;
      ALTER TABLE samples RENAME COLUMN new_precision TO precision;
    `),
};
