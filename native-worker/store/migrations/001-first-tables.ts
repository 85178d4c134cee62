import type { Migration } from '../migrate.ts';

/** The tables of the first version. Times are milliseconds since 1970, UTC; sizes are bytes; files are relative paths. */
export const firstTables: Migration = {
  version: 1,
  up: (db) =>
    db.exec(`
      CREATE TABLE datasets (
        id           INTEGER PRIMARY KEY AUTOINCREMENT,
        name         TEXT    NOT NULL,
        source       TEXT    NOT NULL,   -- where it came from, in words
        attribution  TEXT    NOT NULL,   -- must be shown with the pictures; '' if none is known
        resolution   INTEGER NOT NULL CHECK (resolution > 0),   -- width and height, pixels
        channels     INTEGER NOT NULL CHECK (channels > 0),
        classes      TEXT    NOT NULL CHECK (json_valid(classes)),        -- JSON: names by label
        class_counts TEXT    NOT NULL CHECK (json_valid(class_counts)),   -- JSON: pictures of each class
        count        INTEGER NOT NULL CHECK (count > 0),        -- pictures
        pixel_std    REAL    NOT NULL,   -- of all pixel values, scaled to [-1, 1]
        file         TEXT    NOT NULL,   -- safetensors, edm2-dataset/1
        size_bytes   INTEGER NOT NULL CHECK (size_bytes >= 0),
        sha256       TEXT    NOT NULL,   -- of the file, hexadecimal
        problems     TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(problems)),   -- JSON: files left out at import
        missing      INTEGER NOT NULL DEFAULT 0 CHECK (missing IN (0, 1)),         -- 1: the file is gone
        created_at   INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE runs (
        id              INTEGER PRIMARY KEY AUTOINCREMENT,
        name            TEXT    NOT NULL,
        notes           TEXT    NOT NULL DEFAULT '',
        tags            TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(tags)),
        state           TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'paused', 'finished', 'stopped', 'failed')),
        error           TEXT,               -- one sentence
        dataset_id      INTEGER NOT NULL REFERENCES datasets (id),
        parent_run_id   INTEGER REFERENCES runs (id) ON DELETE SET NULL,   -- the run whose state it started from
        config          TEXT    NOT NULL CHECK (json_valid(config)),       -- JSON: RunConfig, never changed
        preset          TEXT,               -- of the config, for lists
        resolution      INTEGER NOT NULL,   -- DataShape: width and height, pixels
        channels        INTEGER NOT NULL,   -- DataShape
        label_dim       INTEGER NOT NULL,   -- DataShape: classes; 0: unconditional
        seed            INTEGER NOT NULL,   -- of the config
        duration_images INTEGER NOT NULL CHECK (duration_images > 0),
        parameters      INTEGER NOT NULL,   -- trainable numbers, denoiser and u(sigma)
        nimg            INTEGER NOT NULL DEFAULT 0 CHECK (nimg >= 0),      -- training images seen
        device          TEXT,               -- that trained it last, in words
        created_at      INTEGER NOT NULL,
        started_at      INTEGER,
        ended_at        INTEGER,
        trashed_at      INTEGER
      ) STRICT;
      CREATE INDEX runs_by_dataset ON runs (dataset_id);
      CREATE INDEX runs_by_preset ON runs (preset, resolution);

      -- History that a resumed run left behind keeps its rows: rewound is 0 for what counts, n for what the nth rewind undid.
      CREATE TABLE ticks (
        run_id            INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        rewound           INTEGER NOT NULL DEFAULT 0 CHECK (rewound >= 0),
        nimg              INTEGER NOT NULL CHECK (nimg >= 0),   -- training images seen
        at                INTEGER NOT NULL,
        train_seconds     REAL    NOT NULL,   -- since the run began, pauses left out
        loss              REAL,               -- mean per element over the tick's images; NULL: not finite
        loss_stderr       REAL,               -- standard error of that mean; NULL: not finite
        learning_rate     REAL    NOT NULL,
        images_per_second REAL,
        memory_bytes      REAL    NOT NULL,   -- resident, of the job process
        PRIMARY KEY (run_id, rewound, nimg)
      ) STRICT, WITHOUT ROWID;

      -- Rows of the magnitude tables, once a run.
      CREATE TABLE magnitude_layers (
        run_id   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        kind     TEXT    NOT NULL CHECK (kind IN ('weight', 'activation', 'gradient', 'update')),
        position INTEGER NOT NULL CHECK (position >= 0),   -- in network order
        name     TEXT    NOT NULL,
        PRIMARY KEY (run_id, kind, position)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE magnitudes (
        run_id  INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        kind    TEXT    NOT NULL CHECK (kind IN ('weight', 'activation', 'gradient', 'update')),
        rewound INTEGER NOT NULL DEFAULT 0 CHECK (rewound >= 0),
        nimg    INTEGER NOT NULL CHECK (nimg >= 0),   -- training images seen
        rms     BLOB    NOT NULL CHECK (length(rms) % 4 = 0),   -- float32 little-endian, one per layer, dimensionless
        PRIMARY KEY (run_id, kind, rewound, nimg)
      ) STRICT;

      CREATE TABLE snapshots (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        nimg       INTEGER NOT NULL CHECK (nimg >= 0),
        ema_std    REAL    NOT NULL CHECK (ema_std > 0),   -- sigma_rel of the average
        file       TEXT    NOT NULL,
        size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
        sha256     TEXT    NOT NULL,
        created_at INTEGER NOT NULL,
        UNIQUE (run_id, nimg, ema_std)
      ) STRICT;

      CREATE TABLE checkpoints (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        nimg       INTEGER NOT NULL CHECK (nimg >= 0),
        file       TEXT    NOT NULL,
        size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
        sha256     TEXT    NOT NULL,
        created_at INTEGER NOT NULL,
        UNIQUE (run_id, nimg)
      ) STRICT;

      CREATE TABLE samples (
        id          INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id      INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        snapshot_id INTEGER REFERENCES snapshots (id) ON DELETE SET NULL,
        origin      TEXT    NOT NULL CHECK (origin IN ('grid', 'generate')),
        rewound     INTEGER NOT NULL DEFAULT 0 CHECK (rewound >= 0),
        nimg        INTEGER NOT NULL CHECK (nimg >= 0),
        ema_std     REAL    NOT NULL,
        seeds       TEXT    NOT NULL CHECK (json_valid(seeds)),    -- JSON: one a picture
        labels      TEXT    NOT NULL CHECK (json_valid(labels)),   -- JSON: one a picture, null: no class
        columns     INTEGER NOT NULL CHECK (columns > 0),
        resolution  INTEGER NOT NULL CHECK (resolution > 0),       -- of one picture, pixels
        sampler     TEXT    NOT NULL CHECK (json_valid(sampler)),  -- JSON: SamplerConfig
        file        TEXT    NOT NULL,   -- PNG: the sheet
        seconds     REAL    NOT NULL,   -- it took
        created_at  INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX samples_by_run ON samples (run_id, origin, rewound, id);
      CREATE INDEX samples_by_snapshot ON samples (snapshot_id);

      CREATE TABLE jobs (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        kind       TEXT    NOT NULL CHECK (kind IN ('train', 'sample', 'import')),
        state      TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
        title      TEXT    NOT NULL,
        parameters TEXT    NOT NULL CHECK (json_valid(parameters)),   -- JSON: JobParameters, never changed
        run_id     INTEGER REFERENCES runs (id) ON DELETE CASCADE,
        sample_id  INTEGER REFERENCES samples (id) ON DELETE SET NULL,
        dataset_id INTEGER REFERENCES datasets (id) ON DELETE SET NULL,
        position   REAL    NOT NULL,   -- order among the queued ones of a kind
        pid        INTEGER,            -- of the process while it runs
        progress   TEXT    CHECK (progress IS NULL OR json_valid(progress)),
        error      TEXT,
        created_at INTEGER NOT NULL,
        started_at INTEGER,
        ended_at   INTEGER
      ) STRICT;
      CREATE INDEX jobs_by_state ON jobs (state, kind, position);
      CREATE INDEX jobs_by_run ON jobs (run_id);
      CREATE INDEX jobs_by_sample ON jobs (sample_id);
      CREATE INDEX jobs_by_dataset ON jobs (dataset_id);

      CREATE TABLE log (
        id     INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id INTEGER REFERENCES runs (id) ON DELETE CASCADE,   -- NULL: of the library
        at     INTEGER NOT NULL,
        nimg   INTEGER,
        level  TEXT    NOT NULL CHECK (level IN ('info', 'warn', 'error')),
        text   TEXT    NOT NULL
      ) STRICT;
      CREATE INDEX log_by_run ON log (run_id, id);

      CREATE TABLE settings (
        name  TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL CHECK (json_valid(value))
      ) STRICT, WITHOUT ROWID;
    `),
};
