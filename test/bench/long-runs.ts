import type { Library } from '../../native-worker/store/library.ts';

/** Training images between two ticks of such a run. */
export const TICK_IMAGES = 256;

/** A finished run's ticks: a loss that falls with noise, each run's its own, written by SQLite itself, without levels. */
export function fillTicks(library: Library, runId: number, count: number): void {
  library.db
    .prepare(
      `WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < @count)
       INSERT INTO ticks (run_id, nimg, at, train_seconds, loss, weighted_error, learning_rate, images_per_second, memory_bytes)
       SELECT @runId, i * @step, i, i, (0.2 + @runId % 50 / 250.0) * (1 + 3 / (1 + i / 500.0) + ((i * 7919 + @runId * 10007) * 31 % 1009) / 4e3), 2, 0.01, 100 + i % 13, 1e9 FROM number`,
    )
    .run({ runId, count, step: TICK_IMAGES });
  library.db.prepare(`UPDATE runs SET nimg = ?, state = 'finished' WHERE id = ?`).run(count * TICK_IMAGES, runId);
}
