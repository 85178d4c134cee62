import type { Migration } from '../migrate.ts';

/** Devices that share each batch of a run belong to how it is executed: going on may change them, as the micro-batch. */
export const devices: Migration = {
  version: 16,
  // JSON: Devices; NULL: the one of the settings, as all runs before
  up: (db) => db.exec('ALTER TABLE runs ADD COLUMN devices TEXT CHECK (devices IS NULL OR json_valid(devices))'),
};
