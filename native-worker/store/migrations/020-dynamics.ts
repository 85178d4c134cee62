import type { Migration } from '../migrate.ts';

/**
 * What is recorded beside the scalars of a tick has any number of kinds, named in the contract: the tables that knew four
 * of them are made anew, because a column's check can't be changed. Ticks have the loss without its learned weight.
 */
export const dynamics: Migration = {
  version: 20,
  up: (db) =>
    db.exec(`
      -- mean of λ(σ)(D − y)² per element over the tick's images; NULL: not finite, or not recorded, as by earlier versions
      ALTER TABLE ticks ADD COLUMN weighted_error REAL;

      -- Names of what a kind has numbers of, once a run and kind.
      CREATE TABLE dynamics_rows (
        run_id   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        kind     TEXT    NOT NULL,   -- of the contract's dynamicsKinds
        position INTEGER NOT NULL CHECK (position >= 0),   -- in network order, or with rising noise
        name     TEXT    NOT NULL,
        PRIMARY KEY (run_id, kind, position)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO dynamics_rows SELECT run_id, kind, position, name FROM magnitude_layers;
      DROP TABLE magnitude_layers;

      CREATE TABLE dynamics (
        run_id  INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        kind    TEXT    NOT NULL,
        rewound INTEGER NOT NULL DEFAULT 0 CHECK (rewound >= 0),
        nimg    INTEGER NOT NULL CHECK (nimg >= 0),   -- training images seen
        numbers BLOB    NOT NULL CHECK (length(numbers) % 4 = 0),   -- float32 little-endian, one a row of the kind
        PRIMARY KEY (run_id, kind, rewound, nimg)
      ) STRICT;
      INSERT INTO dynamics (run_id, kind, rewound, nimg, numbers)
        SELECT run_id, kind, rewound, nimg, rms FROM magnitudes ORDER BY run_id, kind, rewound, nimg;
      DROP TABLE magnitudes;
    `),
};
