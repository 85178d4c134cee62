import { join } from 'node:path';
import type { ImportProblem } from '../../contract/datasets.ts';
import { datasetChanged } from '../../contract/events.ts';
import { describeDataset } from '../data/dataset-file.ts';
import { demoSetSha256, writeDemoSet } from '../data/demo-set.ts';
import {
  findDatasetByHash,
  findLostDataset,
  getDataset,
  insertDataset,
  nextDatasetId,
  restoreDataset,
} from '../store/datasets.ts';
import { moveDurably } from '../store/durable-file.ts';
import type { Library } from '../store/library.ts';
import { insideLibrary, picturesPath, TEMPORARY_FOLDER } from '../store/paths.ts';
import { recordFiles } from '../store/recorded-files.ts';
import { readNote, writeNote } from '../store/settings.ts';
import type { Events } from './events.ts';

/**
 * Moves a packed file into the library and records it. If it is a set whose file was lost, it takes that one's place: runs
 * that refer to it go on.
 *
 * @param packed   absolute path on the library's disk; gone from there afterwards
 * @param problems files that were left out of it
 * @returns the dataset's id
 * @throws {AppError} 'corrupt-file' if it is no packed dataset
 */
export async function takeInDataset(
  library: Library,
  packed: string,
  problems: ImportProblem[],
  { keepsName = false }: { keepsName?: boolean } = {},
): Promise<number> {
  const facts = await describeDataset(packed);
  const lost = findLostDataset(library, facts.sha256, facts.contentSha256);
  const id = lost?.id ?? nextDatasetId(library.db);
  const file = lost?.file ?? picturesPath(id);
  const dataset = { ...facts, id, file, problems };
  return recordFiles(
    library,
    [file],
    ([place]) => moveDurably(packed, place!),
    () => {
      if (lost === null) return insertDataset(library.db, dataset);
      restoreDataset(library.db, dataset, keepsName);
      return id;
    },
  );
}

const DEMO_NOTE = 'demo-set-added';

/**
 * Gives a library the pictures that ship with the app, once: who deletes them does not get them back, but where their file
 * was lost they come again, for nobody can import them.
 */
export async function addDemoSet(library: Library, events: Events): Promise<void> {
  const sha256 = demoSetSha256();
  const lost = findLostDataset(library, sha256, null) !== null;
  if (!lost && readNote(library.db, DEMO_NOTE) !== null) return;
  if (lost || findDatasetByHash(library.db, sha256) === null) {
    const packed = join(insideLibrary(library.folder, TEMPORARY_FOLDER), 'demo-set.safetensors');
    writeDemoSet(packed);
    const id = await takeInDataset(library, packed, [], { keepsName: true });
    events.emit(datasetChanged, getDataset(library.db, id));
  }
  writeNote(library.db, DEMO_NOTE, true);
}
