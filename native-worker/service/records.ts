import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Library } from '../store/library.ts';
import { recordedIds, writeDatasetRecord, writeRunRecord } from '../store/records.ts';

/**
 * Keeps `run.json` and `dataset.json` at what the rows say. The service alone writes them, so that none is older than its
 * row for long; one that can't be written costs nothing but itself, and the next start writes it.
 */

interface Parts {
  readonly library: Library;
  readonly log: Logger;
}

export function keepRunRecord({ library, log }: Parts, runId: number): void {
  try {
    writeRunRecord(library, runId);
  } catch (error) {
    log.warn({ err: error, run: runId }, 'run.json could not be written');
  }
}

export function keepDatasetRecord({ library, log }: Parts, datasetId: number): void {
  try {
    writeDatasetRecord(library, datasetId);
  } catch (error) {
    log.warn({ err: error, dataset: datasetId }, 'dataset.json could not be written');
  }
}

/**
 * Writes every record that is missing or behind: what a crash left, and at first all those of an older version's library.
 * One at a time, and the service's only thread is for others at least as long as each took, so that calls don't wait for
 * it. Where it is interrupted, the next start looks through all again.
 */
export async function keepAllRecords(parts: Parts): Promise<void> {
  const { db } = parts.library;
  const { runs, datasets } = db.open ? recordedIds(db) : { runs: [], datasets: [] };
  for (const [ids, keep] of [
    [runs, keepRunRecord],
    [datasets, keepDatasetRecord],
  ] as const) {
    for (const id of ids) {
      if (!db.open) return;
      const began = performance.now();
      keep(parts, id);
      await sleep(performance.now() - began);
    }
  }
}
