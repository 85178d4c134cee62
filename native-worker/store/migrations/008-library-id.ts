import type { Migration } from '../migrate.ts';

/** What tells this library from others, as a note of the service: a copy has it, too, and another folder. */
export const libraryId: Migration = {
  version: 8,
  up: (db) =>
    db.exec(`INSERT INTO settings (name, value) VALUES ('note.libraryId', json_quote(lower(hex(randomblob(16)))))`),
};
