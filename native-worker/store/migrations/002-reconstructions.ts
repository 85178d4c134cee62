import type { Migration } from '../migrate.ts';

/**
 * Averages that were reconstructed and kept; samples and queued jobs name their model by a ModelRef; a new kind of job,
 * for which `jobs` is made anew because SQLite can't change a CHECK.
 */
export const reconstructions: Migration = {
  version: 2,
  up: (db) =>
    db.exec(`
      CREATE TABLE new_jobs (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        kind       TEXT    NOT NULL CHECK (kind IN ('train', 'sample', 'import', 'reconstruct')),
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
      INSERT INTO new_jobs (id, kind, state, title, parameters, run_id, sample_id, dataset_id, position, pid, progress,
          error, created_at, started_at, ended_at)
        SELECT id, kind, state, title,
          CASE kind WHEN 'sample' THEN json_remove(
              json_set(parameters, '$.request.model', json_object('kind', 'snapshot', 'snapshotId', parameters ->> '$.request.snapshotId')),
              '$.request.snapshotId')
            ELSE parameters END,
          run_id, sample_id, dataset_id, position, pid, progress, error, created_at, started_at, ended_at
        FROM jobs;
      -- Ids are not used again, as before.
      DELETE FROM sqlite_sequence WHERE name = 'new_jobs';
      INSERT INTO sqlite_sequence (name, seq) SELECT 'new_jobs', seq FROM sqlite_sequence WHERE name = 'jobs';
      DROP TABLE jobs;
      ALTER TABLE new_jobs RENAME TO jobs;
      CREATE INDEX jobs_by_state ON jobs (state, kind, position);
      CREATE INDEX jobs_by_run ON jobs (run_id);
      CREATE INDEX jobs_by_sample ON jobs (sample_id);
      CREATE INDEX jobs_by_dataset ON jobs (dataset_id);

      CREATE TABLE reconstructions (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        job_id     INTEGER REFERENCES jobs (id) ON DELETE SET NULL,   -- that made it
        name       TEXT    NOT NULL,
        nimg       INTEGER NOT NULL CHECK (nimg > 0),      -- training images of the average
        ema_std    REAL    NOT NULL CHECK (ema_std > 0),   -- its sigma_rel
        error      REAL    NOT NULL CHECK (error >= 0),    -- predicted, relative to the wanted profile
        terms      TEXT    NOT NULL CHECK (json_valid(terms)),   -- JSON: RecipeTerm[]; snapshots in it may be gone
        file       TEXT    NOT NULL,
        size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
        sha256     TEXT    NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX reconstructions_by_run ON reconstructions (run_id, nimg, ema_std);
      CREATE INDEX reconstructions_by_job ON reconstructions (job_id);

      ALTER TABLE samples ADD COLUMN model TEXT CHECK (model IS NULL OR json_valid(model));   -- JSON: ModelRef; NULL: the run itself, while it trained
      UPDATE samples SET model = json_object('kind', 'snapshot', 'snapshotId', snapshot_id) WHERE snapshot_id IS NOT NULL;
    `),
};
