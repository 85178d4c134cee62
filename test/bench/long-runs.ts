import type { Library } from '../../native-worker/store/library.ts';

/** Training images between two ticks of such a run. */
export const TICK_IMAGES = 256;

/** A finished run's ticks: a loss that falls with noise and spikes, written by SQLite itself, without levels. */
export function fillTicks(library: Library, runId: number, count: number): void {
  library.db
    .prepare(
      `WITH RECURSIVE number (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < @count)
       INSERT INTO ticks (run_id, nimg, at, train_seconds, loss, weighted_error, learning_rate, images_per_second, memory_bytes)
       SELECT @runId, i * @step, i, i, 1 / (1.0 + i) + (i * 7919 % 1000) / 1e4, 2, 0.01, 100 + i % 13, 1e9 FROM number`,
    )
    .run({ runId, count, step: TICK_IMAGES });
  library.db.prepare(`UPDATE runs SET nimg = ?, state = 'finished' WHERE id = ?`).run(count * TICK_IMAGES, runId);
}
