import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Library } from './library.ts';
import { insertLog } from './log.ts';
import { datasetFolder, insideLibrary, runFolder, TEMPORARY_FOLDER } from './paths.ts';
import { statement, write } from './statements.ts';

/** What a sweep found: every crash leaves at most these behind. */
export interface SweepResult {
  /** Files and folders that no row knows; deleted. Relative paths. */
  deleted: string[];
  /** Files that rows name and that are gone. Relative paths. */
  lost: string[];
}

/** Folders of a run in which every file has a row. */
const RUN_FOLDERS = ['snapshots', 'checkpoints', 'samples', 'reconstructions'];

/**
 * Makes rows and files agree, as the service does once at start, before any job runs. Files come before their rows, so
 * a crash in between leaves a file that nobody knows: it is deleted, as are temporary files. Rows whose file has gone
 * are removed (a dataset, which runs refer to, is marked) and the run's log says so.
 *
 * @param busyRuns runs whose job of an earlier service still lives: nothing of theirs is touched
 */
export function sweep(library: Library, busyRuns: ReadonlySet<number> = new Set()): SweepResult {
  const result: SweepResult = { deleted: [], lost: [] };
  removeLostRows(library, busyRuns, result);
  markLostDatasets(library, result);
  const known = knownFiles(library);
  sweepRuns(library, busyRuns, known, result);
  sweepDatasets(library, known, result);
  if (busyRuns.size === 0) {
    for (const name of listFolder(join(library.folder, TEMPORARY_FOLDER)))
      remove(library, `${TEMPORARY_FOLDER}/${name}`, result);
  }
  return result;
}

function removeLostRows({ db, folder }: Library, busyRuns: ReadonlySet<number>, result: SweepResult): void {
  for (const [table, what] of [
    ['snapshots', 'snapshot'],
    ['checkpoints', 'checkpoint'],
    ['samples', 'sheet of pictures'],
    ['reconstructions', 'reconstructed average'],
  ] as const) {
    const rows = statement<[], { id: number; runId: number; nimg: number; file: string }>(
      db,
      `SELECT id, run_id AS runId, nimg, file FROM ${table}`,
    ).all();
    for (const { id, runId, nimg, file } of rows) {
      if (busyRuns.has(runId) || existsSync(insideLibrary(folder, file))) continue;
      write(db, () => {
        statement(db, `DELETE FROM ${table} WHERE id = ?`).run(id);
        const text = `The file of the ${what} at ${nimg} images has disappeared (${file}); it is no longer listed.`;
        insertLog(db, { runId, nimg, level: 'warn', text });
      });
      result.lost.push(file);
    }
  }
}

function markLostDatasets({ db, folder }: Library, result: SweepResult): void {
  const rows = statement<[], { id: number; file: string; missing: number }>(
    db,
    'SELECT id, file, missing FROM datasets',
  ).all();
  for (const { id, file, missing } of rows) {
    const gone = existsSync(insideLibrary(folder, file)) ? 0 : 1;
    if (gone === missing) continue; // a file that was put back counts again
    statement(db, 'UPDATE datasets SET missing = ? WHERE id = ?').run(gone, id);
    if (gone === 1) result.lost.push(file);
  }
}

function knownFiles({ db }: Library): Set<string> {
  const files = ['snapshots', 'checkpoints', 'samples', 'reconstructions', 'datasets'].flatMap((table) =>
    statement<[], string>(db, `SELECT file FROM ${table}`).pluck().all(),
  );
  return new Set(files);
}

function sweepRuns(library: Library, busyRuns: ReadonlySet<number>, known: Set<string>, result: SweepResult): void {
  const runs = new Set(statement<[], number>(library.db, 'SELECT id FROM runs').pluck().all());
  for (const name of listFolder(join(library.folder, 'files/runs'))) {
    const id = Number(name);
    if (!/^\d+$/.test(name) || busyRuns.has(id)) continue;
    if (!runs.has(id)) {
      remove(library, runFolder(id), result);
      continue;
    }
    for (const part of RUN_FOLDERS) {
      for (const file of listFolder(join(library.folder, runFolder(id), part))) {
        const path = `${runFolder(id)}/${part}/${file}`;
        if (!known.has(path)) remove(library, path, result);
      }
    }
  }
}

function sweepDatasets(library: Library, known: Set<string>, result: SweepResult): void {
  const datasets = new Set(statement<[], number>(library.db, 'SELECT id FROM datasets').pluck().all());
  for (const name of listFolder(join(library.folder, 'files/datasets'))) {
    if (!/^\d+$/.test(name)) continue;
    const id = Number(name);
    if (!datasets.has(id)) {
      remove(library, datasetFolder(id), result);
      continue;
    }
    for (const file of listFolder(join(library.folder, datasetFolder(id)))) {
      const path = `${datasetFolder(id)}/${file}`;
      if (file.endsWith('.tmp') && !known.has(path)) remove(library, path, result);
    }
  }
}

function remove(library: Library, path: string, result: SweepResult): void {
  rmSync(insideLibrary(library.folder, path), { recursive: true, force: true });
  result.deleted.push(path);
}

function listFolder(path: string): string[] {
  return existsSync(path) ? readdirSync(path) : [];
}
