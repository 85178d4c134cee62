import type { Migration } from '../migrate.ts';

/** Sheets that the EMA lab draws are told from those that were asked for. A column's check can't be changed, so it is made anew. */
export const emaLab: Migration = {
  version: 18,
  up: (db) =>
    db.exec(`
      DROP INDEX samples_by_run;
      ALTER TABLE samples ADD COLUMN new_origin TEXT NOT NULL DEFAULT 'generate'
        CHECK (new_origin IN ('grid', 'generate', 'ema-lab'));
      UPDATE samples SET new_origin = origin;
      ALTER TABLE samples DROP COLUMN origin;
      ALTER TABLE samples RENAME COLUMN new_origin TO origin;
      CREATE INDEX samples_by_run ON samples (run_id, origin, rewound, id);
    `),
};
