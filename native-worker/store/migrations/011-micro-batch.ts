import type { Migration } from '../migrate.ts';

/** The micro-batch belongs to how a run is executed: it begins as configured, and going on may change it. */
export const microBatch: Migration = {
  version: 11,
  up: (db) => {
    db.exec('ALTER TABLE runs ADD COLUMN micro_batch INTEGER'); // NULL: all at once
    db.exec("UPDATE runs SET micro_batch = config ->> '$.training.microBatch' WHERE json_valid(config)");
  },
};
