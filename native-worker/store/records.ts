import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import { AppError } from '../../contract/errors.ts';
import type { DatasetRecord, RunRecord } from '../../contract/records.ts';
import { makeFolder } from '../system/make-folder.ts';
import { datasetFile, datasetProblems, getDataset } from './datasets.ts';
import { writeAll, writeDurably } from './durable-file.ts';
import { countRewinds, undoneFiles } from './history.ts';
import type { Library } from './library.ts';
import { readRegularFile } from './open-file.ts';
import { datasetRecordPath, insideLibrary, runRecordPath } from './paths.ts';
import { readTerms } from './reconstructions.ts';
import { getRun } from './runs.ts';
import { undescribedSamples } from './samples.ts';
import { statement } from './statements.ts';

/**
 * `run.json` and `dataset.json`: what rows hold and the other files don't say, so that an index that is lost can be built
 * again. They follow the rows: a crash before one is written leaves it as it was, and the next start writes it anew.
 */

/** Writes `run.json` durably, if it does not say all already. @throws {AppError} 'not-found', 'no-space' */
export function writeRunRecord(library: Library, runId: number): void {
  put(library, runRecordPath(runId), runRecord(library.db, runId));
}

/** Writes `dataset.json` durably, if it does not say all already. @throws {AppError} 'not-found', 'no-space' */
export function writeDatasetRecord(library: Library, datasetId: number): void {
  put(library, datasetRecordPath(datasetId), datasetRecord(library.db, datasetId));
}

/** Ids of what has a record. */
export function recordedIds(db: Database): { runs: number[]; datasets: number[] } {
  return {
    runs: statement<[], number>(db, 'SELECT id FROM runs').pluck().all(),
    datasets: statement<[], number>(db, 'SELECT id FROM datasets WHERE missing = 0').pluck().all(),
  };
}

function put({ folder }: Library, file: string, record: RunRecord | DatasetRecord): void {
  const path = insideLibrary(folder, file);
  const text = Buffer.from(`${JSON.stringify(record, null, 2)}\n`);
  if (contentOf(path)?.equals(text) === true) return;
  makeFolder(dirname(path));
  writeDurably(path, (fd) => writeAll(fd, text));
}

/** null: there is none, or what lies there is no file of ours and is replaced. */
function contentOf(path: string): Buffer | null {
  try {
    return readRegularFile(path);
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

function datasetRecord(db: Database, id: number): DatasetRecord {
  const { problemCount, ...dataset } = getDataset(db, id);
  const problems = problemCount === 0 ? [] : datasetProblems(db, id);
  return { format: 'edm2-dataset-record/1', ...dataset, file: datasetFile(db, id), problems };
}

type Row<Key extends keyof RunRecord> = RunRecord[Key] extends (infer One)[] ? One : never;

function runRecord(db: Database, id: number): RunRecord {
  const run = getRun(db, id);
  const all = <T>(sql: string): T[] => statement<[number], T>(db, sql).all(id);
  const parent = all<{ id: number; name: string }>(
    'SELECT parent.id, parent.name FROM runs JOIN runs AS parent ON parent.id = runs.parent_run_id WHERE runs.id = ?',
  );
  return {
    format: 'edm2-run/3',
    id,
    name: run.name,
    notes: run.notes,
    tags: run.tags,
    state: run.state,
    error: run.error,
    device: run.device,
    createdAt: run.createdAt,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    trashedAt: run.trashedAt,
    dataset: { id: run.datasetId, name: run.datasetName, sha256: getDataset(db, run.datasetId).sha256 },
    parent: parent[0] ?? null,
    config: run.config,
    shape: run.shape,
    parameters: run.parameters,
    nimg: run.nimg,
    durationImages: run.durationImages,
    resumes: all<Row<'resumes'>>('SELECT nimg, at FROM resumes WHERE run_id = ? ORDER BY nimg, at'),
    rewinds: countRewinds(db, id),
    undone: undoneFiles(db, id),
    reconstructions: all<Omit<Row<'reconstructions'>, 'terms'> & { id: number; terms: string }>(
      `SELECT id, file, nimg, ema_std AS sigmaRel, created_at AS createdAt, name, error, terms FROM reconstructions
       WHERE run_id = ? ORDER BY id`,
    ).map(({ id: made, terms, ...facts }) => ({ ...facts, terms: readTerms(made, terms) })),
    earlier: {
      snapshots: all(
        `SELECT file, nimg, ema_std AS sigmaRel, created_at AS createdAt FROM snapshots
         WHERE run_id = ? AND self_described = 0 ORDER BY nimg, ema_std`,
      ),
      checkpoints: all(
        `SELECT file, nimg, created_at AS createdAt FROM checkpoints WHERE run_id = ? AND self_described = 0 ORDER BY nimg`,
      ),
      samples: undescribedSamples(db, id),
    },
  };
}
