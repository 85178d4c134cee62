import type { Migration } from '../migrate.ts';

/**
 * What was measured of ways to train on a device, and the kind of job that measures. `jobs` is made anew once more, and
 * for the last time: which kinds there are is told by `parameters`, which the contract checks, not by a CHECK.
 */
export const tunings: Migration = {
  version: 15,
  up: (db) =>
    db.exec(`
      CREATE TABLE new_jobs (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        kind       TEXT    NOT NULL,   -- as in parameters
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

      CREATE TABLE tunings (
        id          INTEGER PRIMARY KEY AUTOINCREMENT,
        device      TEXT    NOT NULL,   -- in words
        driver      TEXT,               -- of a card; NULL: a processor
        tensorflow  TEXT    NOT NULL,
        subject_key TEXT    NOT NULL,   -- tuningKey of the subject
        subject     TEXT    NOT NULL CHECK (json_valid(subject)),   -- JSON: TuningSubject
        results     TEXT    NOT NULL CHECK (json_valid(results)),   -- JSON: TuningResult[]
        complete    INTEGER NOT NULL CHECK (complete IN (0, 1)),    -- whether there was time for every choice
        created_at  INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX tunings_by_subject ON tunings (subject_key, device);
    `),
};
