import type { Migration } from '../migrate.ts';

/**
 * Snapshots, checkpoints and reconstructions of undone history no longer count, as ticks, magnitudes and grids did not
 * before. What older versions left is found by when it was written: before a resume from fewer images.
 */
export const rewoundFiles: Migration = {
  version: 9,
  up: (db) => {
    for (const table of ['snapshots', 'checkpoints', 'reconstructions']) {
      // 0 for what counts, n for what the nth rewind undid
      db.exec(`ALTER TABLE ${table} ADD COLUMN rewound INTEGER NOT NULL DEFAULT 0 CHECK (rewound >= 0)`);
    }
    for (const table of ['snapshots', 'checkpoints', 'reconstructions', 'samples']) {
      db.exec(`
        UPDATE ${table} SET rewound = 1 WHERE rewound = 0 AND EXISTS
          (SELECT 1 FROM resumes WHERE resumes.run_id = ${table}.run_id AND resumes.nimg < ${table}.nimg AND resumes.at >= ${table}.created_at)`);
    }
  },
};
