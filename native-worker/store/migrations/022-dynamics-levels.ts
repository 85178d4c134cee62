import type { Migration } from '../migrate.ts';

/** Maps of long runs are read from few columns: the lowest and highest numbers of ever longer parts of the history. */
export const dynamicsLevels: Migration = {
  version: 22,
  up: (db) =>
    db.exec(`
      -- Extremes of a part of the history on a level, one number a row of the kind.
      CREATE TABLE dynamics_levels (
        run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        kind   TEXT    NOT NULL,
        level  INTEGER NOT NULL CHECK (level >= 0),   -- of parts of width * 4^level images
        nimg   INTEGER NOT NULL CHECK (nimg >= 0),    -- of its last tick
        ticks  INTEGER NOT NULL CHECK (ticks > 0),    -- that it has
        low    BLOB    NOT NULL CHECK (length(low) % 4 = 0),   -- float32 little-endian; infinity: nothing is finite
        high   BLOB    NOT NULL CHECK (length(high) = length(low)),   -- infinity: not finite once; -infinity: nothing measured
        PRIMARY KEY (run_id, kind, level, nimg)
      ) STRICT;

      -- How far the levels of a run's kind reach. A kind without a row has none.
      CREATE TABLE dynamics_level_ends (
        run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        kind   TEXT    NOT NULL,
        width  INTEGER NOT NULL CHECK (width > 0),   -- images of a part of level 0
        until  INTEGER NOT NULL CHECK (until >= 0),  -- ticks at fewer images are in level 0; a multiple of width
        PRIMARY KEY (run_id, kind)
      ) STRICT, WITHOUT ROWID;
    `),
};
