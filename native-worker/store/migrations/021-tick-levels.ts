import type { Migration } from '../migrate.ts';

/** Curves of long runs are read from few ticks: of each stretch those with the extremes, on levels of ever longer stretches. */
export const tickLevels: Migration = {
  version: 21,
  up: (db) =>
    db.exec(`
      -- A tick that its part of the history keeps on a level.
      CREATE TABLE tick_levels (
        run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        level  INTEGER NOT NULL CHECK (level >= 0),   -- of parts of width * 2^level images
        nimg   INTEGER NOT NULL CHECK (nimg >= 0),
        PRIMARY KEY (run_id, level, nimg)
      ) STRICT, WITHOUT ROWID;

      -- How far a run's levels reach. A run without a row has none.
      CREATE TABLE tick_level_ends (
        run_id INTEGER PRIMARY KEY REFERENCES runs (id) ON DELETE CASCADE,
        width  INTEGER NOT NULL CHECK (width > 0),   -- images of a part of level 0
        until  INTEGER NOT NULL CHECK (until >= 0)   -- ticks at fewer images are in level 0; a multiple of width
      ) STRICT;
    `),
};
