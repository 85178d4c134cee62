import type { Migration } from '../migrate.ts';

/** What the machine did while a run trained: one row a sample, and one for each GPU of it. */
export const systemMetrics: Migration = {
  version: 4,
  up: (db) =>
    db.exec(`
      CREATE TABLE system_metrics (
        run_id          INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        seconds         REAL    NOT NULL CHECK (seconds >= 0),   -- the run's processes have lived, pauses left out
        at              INTEGER NOT NULL,
        nimg            INTEGER NOT NULL CHECK (nimg >= 0),      -- training images seen, as of the last tick
        cpu_percent     REAL    NOT NULL,   -- of all processors together, since the sample before
        job_cpu_percent REAL,               -- of all processors together, by the run's process; NULL: unknown
        memory_used     REAL    NOT NULL,   -- of the machine, bytes
        memory_total    REAL    NOT NULL,   -- of the machine or its container, bytes
        job_memory      REAL,               -- resident, of the run's process, bytes; NULL: unknown
        PRIMARY KEY (run_id, seconds)
      ) STRICT, WITHOUT ROWID;

      CREATE TABLE gpu_metrics (
        run_id       INTEGER NOT NULL,
        seconds      REAL    NOT NULL,
        gpu          INTEGER NOT NULL CHECK (gpu >= 0),   -- nvidia-smi's number of it
        name         TEXT    NOT NULL,
        utilisation  REAL,   -- mean since the sample before, percent; NULL here and below: it did not tell
        memory_used  REAL,   -- bytes
        memory_total REAL,   -- bytes
        temperature  REAL,   -- degrees Celsius
        power        REAL,   -- mean since the sample before, watts
        PRIMARY KEY (run_id, seconds, gpu),
        FOREIGN KEY (run_id, seconds) REFERENCES system_metrics (run_id, seconds) ON DELETE CASCADE
      ) STRICT, WITHOUT ROWID;
    `),
};
