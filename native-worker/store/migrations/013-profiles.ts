import type { Migration } from '../migrate.ts';

/**
 * Measurements of where the time of a run's step goes, and the kind of job that makes them, for which `jobs` is made anew
 * because SQLite can't change a CHECK.
 */
export const profiles: Migration = {
  version: 13,
  up: (db) =>
    db.exec(`
      CREATE TABLE new_jobs (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        kind       TEXT    NOT NULL CHECK (kind IN ('train', 'sample', 'import', 'reconstruct', 'profile')),
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
        ended_at   INTEGER,
        error_code TEXT    -- one of the contract's codes; NULL: it did not fail, or is older
      ) STRICT;
      INSERT INTO new_jobs (id, kind, state, title, parameters, run_id, sample_id, dataset_id, position, pid, progress,
          error, created_at, started_at, ended_at, error_code)
        SELECT id, kind, state, title, parameters, run_id, sample_id, dataset_id, position, pid, progress,
          error, created_at, started_at, ended_at, error_code
        FROM jobs;
      -- Ids are not used again, as before.
      DELETE FROM sqlite_sequence WHERE name = 'new_jobs';
      INSERT INTO sqlite_sequence (name, seq) SELECT 'new_jobs', seq FROM sqlite_sequence WHERE name = 'jobs';
      -- To drop the table is to delete its rows, which makes what refers to them refer to nothing.
      CREATE TABLE makers AS SELECT id, job_id FROM reconstructions WHERE job_id IS NOT NULL;
      DROP TABLE jobs;
      ALTER TABLE new_jobs RENAME TO jobs;
      UPDATE reconstructions SET job_id = (SELECT job_id FROM makers WHERE makers.id = reconstructions.id)
        WHERE id IN (SELECT id FROM makers);
      DROP TABLE makers;
      CREATE INDEX jobs_by_state ON jobs (state, kind, position);
      CREATE INDEX jobs_by_run ON jobs (run_id);
      CREATE INDEX jobs_by_sample ON jobs (sample_id);
      CREATE INDEX jobs_by_dataset ON jobs (dataset_id);

      CREATE TABLE profiles (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        run_id     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        nimg       INTEGER NOT NULL CHECK (nimg >= 0),          -- training images that the run had seen
        profile    TEXT    NOT NULL CHECK (json_valid(profile)), -- JSON: Profile
        trace      BLOB    NOT NULL,   -- gzip of JSON in the Trace Event Format, what Perfetto opens
        created_at INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX profiles_by_run ON profiles (run_id);
    `),
};
